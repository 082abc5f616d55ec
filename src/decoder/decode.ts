/** The public face of the decoder: bytes in, a validated module out. */

import { type ByteSource, bytesOf, CALLBACK, FLAG, OBJECT, type OptionChecks, readOptions } from '../checks';
import { blameCaller } from '../errors';
import { summarize } from '../summary';
import type { Feature, Features } from './features';
import { DEFAULT_FEATURES } from './features';
import { BRANCH_HINTS, readBranchHints } from './hints';
import type {
  BranchHints,
  CustomSection,
  DataSegment,
  ElementSegment,
  Export,
  GlobalDef,
  Import,
  ModuleData,
  Names,
  TableDef,
} from './module';
import { readNames } from './names';
import { type DecodeProgress, runParts, steps } from './parts';
import { ModuleDecoder } from './sections';
import type {
  DefType,
  ExternTypeByKind,
  FuncType,
  GlobalType,
  MemoryType,
  TableType,
  TagType,
} from './types';
import { externTypeName } from './types';

/** How a module is decoded. */
export interface DecodeOptions {
  /** Switches by proposal; what is left out is on. */
  readonly features?: Partial<Readonly<Record<Feature, boolean>>>;
  /** Told between the parts of the work how much is done. What it throws ends the decoding. */
  readonly onProgress?: DecodeProgress;
}

const DECODE_OPTIONS: OptionChecks<DecodeOptions> = { features: OBJECT, onProgress: CALLBACK };
const FEATURE_CHECKS = Object.fromEntries(
  Object.keys(DEFAULT_FEATURES).map((name) => [name, FLAG]),
) as OptionChecks<Features>;

let Decoder = ModuleDecoder;
/** From now on modules are decoded by it (known-bodies.ts). */
export function decodeBy(decoder: typeof ModuleDecoder): void {
  Decoder = decoder;
}

/** What `structuredClone` does not take. */
function notCloneable(): void {}

/** A decoded and validated module. It shares the bytes it was decoded from, which must not change any more. */
/** A decoded and validated module. It belongs to no store, and never changes. */
export class Module implements ModuleData {
  // Bundlers rename a class that names itself.
  static readonly name = 'Module';
  get [Symbol.toStringTag](): string {
    return 'tswasm.Module';
  }
  /** What it was decoded from: a copy that nobody else has. */
  readonly bytes: Uint8Array;
  /** The types that it defines. */
  readonly types: readonly DefType[];
  /** What it imports, in the order of indices. */
  readonly imports: readonly Import[];
  /** What it exports, in the order of the module. */
  readonly exports: readonly Export[];
  /** @internal */
  readonly funcTypes: Uint32Array;
  /** @internal */
  readonly importedFuncs: number;
  /** @internal */
  readonly codeStart: Uint32Array;
  /** @internal */
  readonly codeEnd: Uint32Array;
  /** @internal */
  readonly mostCalls: number;
  readonly tables: readonly TableType[];
  /** Types of its memories, imports first. */
  readonly memories: readonly MemoryType[];
  /** Types of its globals, imports first. */
  readonly globals: readonly GlobalType[];
  /** @internal */
  readonly written: ReadonlySet<GlobalType>;
  /** Types of its tags, imports first. */
  readonly tags: readonly TagType[];
  /** @internal */
  readonly tableDefs: readonly TableDef[];
  /** @internal */
  readonly globalDefs: readonly GlobalDef[];
  /** @internal */
  readonly elements: readonly ElementSegment[];
  /** @internal */
  readonly datas: readonly DataSegment[];
  /** Index of the start function, if there is one. */
  readonly start: number | undefined;
  /** Custom sections, in the order of the module. */
  readonly customs: readonly CustomSection[];

  /** @internal structuredClone, which would give an object without methods, throws on account of it. */
  readonly notCloneable = notCloneable;

  private lazyNames: Names | undefined;
  private lazyHints: ReadonlyMap<number, BranchHints> | undefined;
  private lazyFuncNames: ReadonlyMap<number, string> | undefined;

  private constructor(decoder: ModuleDecoder) {
    const { context } = decoder;
    this.bytes = context.bytes;
    this.types = context.types;
    this.imports = decoder.imports;
    this.exports = decoder.exports;
    this.funcTypes = Uint32Array.from(context.funcTypes);
    this.importedFuncs = decoder.importedFuncs;
    this.codeStart = decoder.codeStart;
    this.codeEnd = decoder.codeEnd;
    this.mostCalls = decoder.mostCalls;
    this.tables = context.tables;
    this.memories = context.memories;
    this.globals = context.globals;
    this.written = context.written;
    this.tags = context.tags;
    this.tableDefs = decoder.tableDefs;
    this.globalDefs = decoder.globalDefs;
    this.elements = decoder.elements;
    this.datas = decoder.datas;
    this.start = decoder.start;
    this.customs = decoder.customs;
  }

  /** Decodes and validates the whole module. Throws CompileError. */
  static decode(bytes: ByteSource, options: DecodeOptions = {}): Module {
    try {
      return runParts(Module.decodeInParts(bytes, options));
    } catch (error) {
      blameCaller(error, Module.decode);
      throw error;
    }
  }

  /**
   * The same in parts, each a few milliseconds at most: for who has a deadline, or an event loop to look after. Dropping the generator
   * gives up.
   */
  static *decodeInParts(
    bytes: ByteSource,
    options: DecodeOptions = {},
  ): Generator<undefined, Module, undefined> {
    const given = bytesOf('the module', bytes);
    const { features: switches, onProgress } = readOptions('decode', options, DECODE_OPTIONS);
    const features: Features = {
      ...DEFAULT_FEATURES,
      ...readOptions<Partial<Features>>('features', switches, FEATURE_CHECKS),
    };
    const decoder = new Decoder(given, features);
    const tell = steps(onProgress, given.length);
    for (const part of decoder.parts()) {
      tell(decoder.position);
      yield part;
    }
    tell(given.length);
    return new Module(decoder);
  }

  /** @internal The type of what is exported. */
  exportType({ kind, index }: Export): ExternTypeByKind {
    switch (kind) {
      case 'func':
        return { kind, type: this.funcType(index) };
      case 'table':
        return { kind, type: this.tables[index] };
      case 'memory':
        return { kind, type: this.memories[index] };
      case 'global':
        return { kind, type: this.globals[index] };
      case 'tag':
        return { kind, type: this.tags[index].type };
    }
  }
  /** The type of a function, imports first. */
  funcType(funcidx: number): FuncType {
    return this.types[this.funcTypes[funcidx]].composite.func;
  }

  /** What the name section says, read at the first use. */
  get names(): Names {
    const section = this.customs.find((custom) => custom.name === 'name');
    this.lazyNames ??= readNames(this.bytes, section?.bytes);
    return this.lazyNames;
  }

  /** Branch hints of each function that has some, read at the first use. */
  get branchHints(): ReadonlyMap<number, BranchHints> {
    const section = this.customs.find((custom) => custom.name === BRANCH_HINTS);
    this.lazyHints ??= readBranchHints(this.bytes, section?.bytes);
    return this.lazyHints;
  }

  /** For backtraces: the name section's name, else the first export's, else `module.name` of an import. */
  funcName(funcidx: number): string | undefined {
    this.lazyFuncNames ??= this.publicFuncNames();
    return this.names.functions.get(funcidx) ?? this.lazyFuncNames.get(funcidx);
  }

  private publicFuncNames(): Map<number, string> {
    const names = new Map<number, string>();
    for (const { kind, index, name } of this.exports) {
      if (kind === 'func' && !names.has(index)) names.set(index, name);
    }
    let funcidx = 0;
    for (const { module, name, type } of this.imports) {
      if (type.kind !== 'func') continue;
      if (!names.has(funcidx)) names.set(funcidx, `${module}.${name}`);
      funcidx++;
    }
    return names;
  }
}
summarize(Module, (module) => ({
  name: module.names.module,
  imports: module.imports.map(({ module: from, name, type }) => `${from}.${name}: ${externTypeName(type)}`),
  exports: module.exports.map((entry) => `${entry.name}: ${externTypeName(module.exportType(entry))}`),
  byteLength: module.bytes.length,
}));
