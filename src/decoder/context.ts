/** What has been decoded so far, as validation needs it (the context C of spec chapter "valid/conventions"). */
import type { Features } from './features';
import type { DefType, FuncType, GlobalType, MemoryType, TableType, ValType } from './types';

export class Context {
  readonly bytes: Uint8Array;
  readonly features: Features;
  readonly types: DefType[] = [];
  /** Type index of every function. */
  readonly funcTypes: number[] = [];
  readonly tables: TableType[] = [];
  readonly memories: MemoryType[] = [];
  readonly globals: GlobalType[] = [];
  readonly elementTypes: ValType[] = [];
  /** Of the data count section. */
  dataCount: number | undefined;
  private declared: Uint8Array | undefined;

  constructor(bytes: Uint8Array, features: Features) {
    this.bytes = bytes;
    this.features = features;
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
