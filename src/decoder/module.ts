/** The decoded and validated module (spec chapter "structure/modules"). Immutable; shares the bytes it was decoded from. */
import type {
  DefType,
  ExternKind,
  ExternType,
  GlobalType,
  MemoryType,
  TableType,
  TagType,
  ValType,
} from './types';

/** A half-open byte range of the module. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly type: ExternType;
}
export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}
/** A validated constant expression: its instructions, the final `end` included. */
export type ConstExpr = ByteRange;

export interface TableDef {
  readonly type: TableType;
  readonly init: ConstExpr | undefined;
}
export interface GlobalDef {
  readonly type: GlobalType;
  readonly init: ConstExpr;
}
export interface ElementSegment {
  readonly mode: 'active' | 'passive' | 'declarative';
  readonly table: number;
  readonly offset: ConstExpr | undefined;
  readonly type: ValType;
  /** Function indices (the short encodings), or else where the constant expression of each element begins: there may be millions. */
  readonly funcs: Uint32Array | undefined;
  readonly exprs: Uint32Array | undefined;
}
export interface DataSegment {
  readonly mode: 'active' | 'passive';
  readonly memory: number;
  readonly offset: ConstExpr | undefined;
  readonly bytes: ByteRange;
}
export interface CustomSection {
  readonly name: string;
  /** The contents after the name. */
  readonly bytes: ByteRange;
}

/** Names by index. */
export type NameMap = ReadonlyMap<number, string>;
/** The same for each index of another space: locals and labels by function, fields by type. */
export type IndirectNameMap = ReadonlyMap<number, NameMap>;
/** What the name section says. */
export interface Names {
  readonly module: string | undefined;
  readonly functions: NameMap;
  readonly locals: IndirectNameMap;
  readonly labels: IndirectNameMap;
  readonly types: NameMap;
  readonly tables: NameMap;
  readonly memories: NameMap;
  readonly globals: NameMap;
  readonly elements: NameMap;
  readonly datas: NameMap;
  readonly fields: IndirectNameMap;
  readonly tags: NameMap;
}
/** What a branch hint says: whether the branch is likely. By the offset of the `br_if` or `if` in the code entry. */
export type BranchHints = ReadonlyMap<number, boolean>;

export interface ModuleData {
  readonly bytes: Uint8Array;
  readonly types: readonly DefType[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** @internal Type index of every function, imports first. */
  readonly funcTypes: Uint32Array;
  /** @internal */
  readonly importedFuncs: number;
  /** @internal Code entries of the defined functions: start is just past the entry's size field, where the local declarations begin. */
  readonly codeStart: Uint32Array;
  /** @internal */
  readonly codeEnd: Uint32Array;
  /** @internal Calls in the function that has most of them. */
  readonly mostCalls: number;
  /** Types of every table, memory, global and tag, imports first. */
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  /** @internal Of these, those that its functions set. */
  readonly written: ReadonlySet<GlobalType>;
  readonly tags: readonly TagType[];
  /** @internal The definitions behind those that are not imported. */
  readonly tableDefs: readonly TableDef[];
  /** @internal */
  readonly globalDefs: readonly GlobalDef[];
  /** @internal */
  readonly elements: readonly ElementSegment[];
  /** @internal */
  readonly datas: readonly DataSegment[];
  readonly start: number | undefined;
  readonly customs: readonly CustomSection[];
}
