/** What has been decoded so far, as validation needs it (the context C of spec chapter "valid/conventions"). */
import type { Feature, Features } from './features';
import type { DefType, FuncType, GlobalType, MemoryType, TableType, TagType, ValType } from './types';
import { disabled } from './unsupported';

export class Context {
  readonly bytes: Uint8Array;
  readonly features: Features;
  readonly types: DefType[] = [];
  /** Types there will be behind the recursion group that is being read: indices up to here are its own. */
  groupEnd = 0;
  /** Type index of every function. */
  readonly funcTypes: number[] = [];
  readonly tables: TableType[] = [];
  readonly memories: MemoryType[] = [];
  readonly globals: GlobalType[] = [];
  /** Of these, those that its functions set. */
  readonly written = new Set<GlobalType>();
  readonly tags: TagType[] = [];
  readonly elementTypes: ValType[] = [];
  /** Of the data count section. */
  dataCount: number | undefined;
  /** Features the module turned out to need. */
  readonly needed = new Set<Feature>();
  private declared: Uint8Array | undefined;

  constructor(bytes: Uint8Array, features: Features) {
    this.bytes = bytes;
    this.features = features;
  }

  /** To be called where the module uses a feature; `clause` as for `disabled`. */
  need(feature: Feature, offset: number, clause = ''): void {
    if (!this.features[feature]) throw disabled(feature, offset, clause);
    this.needed.add(feature);
  }

  funcType(funcidx: number): FuncType {
    return this.types[this.funcTypes[funcidx]].composite.func;
  }

  /** The set C.refs: a function becomes a possible operand of `ref.func`. The function section has been read by then. */
  declare(funcidx: number): void {
    this.declared ??= new Uint8Array(this.funcTypes.length);
    this.declared[funcidx] = 1;
  }
  isDeclared(funcidx: number): boolean {
    return this.declared?.[funcidx] === 1;
  }
}
