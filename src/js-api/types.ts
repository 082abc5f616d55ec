/**
 * The namespace as TypeScript sees it: the shapes of `lib.dom.d.ts`, so that `globalThis.WebAssembly = WebAssembly` is an assignment that it
 * accepts. Tags are left out where that file leaves them out.
 */
import type { CompileError, LinkError, RuntimeError } from '../errors';
import type { NativeErrorConstructor } from './errors';

export type ImportExportKind = 'function' | 'global' | 'memory' | 'table';
export type TableKind = 'anyfunc' | 'externref';
/** What JavaScript has for a value of each type. */
export interface ValueTypeMap {
  i32: number;
  i64: bigint;
  f32: number;
  f64: number;
  v128: never;
  // biome-ignore lint/complexity/noBannedTypes: the type of lib.dom
  anyfunc: Function;
  externref: unknown;
}
export type ValueType = keyof ValueTypeMap;
export type AddressValue = number | bigint;

export interface ModuleExportDescriptor {
  name: string;
  kind: ImportExportKind;
}
export interface ModuleImportDescriptor extends ModuleExportDescriptor {
  module: string;
}
export interface MemoryDescriptor {
  initial: AddressValue;
  maximum?: AddressValue;
  address?: 'i32' | 'i64';
  shared?: boolean;
}
export interface TableDescriptor extends Omit<MemoryDescriptor, 'shared'> {
  element: TableKind;
}
export interface GlobalDescriptor<T extends ValueType = ValueType> {
  value: T;
  mutable?: boolean;
}
export interface CompileOptions {
  importedStringConstants?: string | null;
}

// The interfaces are empty where JavaScript sees nothing of the object.
// biome-ignore-start lint/suspicious/noEmptyInterface: interface objects without members
export interface Module {}
export interface Tag {}
// biome-ignore-end lint/suspicious/noEmptyInterface: interface objects without members
export interface Instance {
  readonly exports: Exports;
}
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(delta: number): number;
}
export interface Table {
  readonly length: number;
  get(index: number): unknown;
  grow(delta: number, value?: unknown): number;
  set(index: number, value?: unknown): void;
}
export interface Global<T extends ValueType = ValueType> {
  value: ValueTypeMap[T];
  valueOf(): ValueTypeMap[T];
}
export interface Exception {
  readonly stack: string | undefined;
  getArg(exceptionTag: Tag, index: number): unknown;
  is(exceptionTag: Tag): boolean;
}

// biome-ignore lint/complexity/noBannedTypes: the type of lib.dom
export type ExportValue = Function | Global | Memory | Table;
export type Exports = Record<string, ExportValue>;
export type ImportValue = ExportValue | Tag | number | bigint;
export type Imports = Record<string, Record<string, unknown>>;
export type BufferSource = ArrayBufferView | ArrayBufferLike;
export interface InstantiatedSource {
  instance: Instance;
  module: Module;
}

export interface WebAssemblyNamespace {
  readonly Module: {
    new (bytes: BufferSource, options?: CompileOptions): Module;
    readonly prototype: Module;
    exports(module: Module): ModuleExportDescriptor[];
    imports(module: Module): ModuleImportDescriptor[];
    customSections(module: Module, sectionName: string): ArrayBuffer[];
  };
  readonly Instance: { new (module: Module, importObject?: Imports): Instance; readonly prototype: Instance };
  readonly Memory: { new (descriptor: MemoryDescriptor): Memory; readonly prototype: Memory };
  readonly Table: { new (descriptor: TableDescriptor, value?: unknown): Table; readonly prototype: Table };
  readonly Global: {
    new <T extends ValueType = ValueType>(descriptor: GlobalDescriptor<T>, v?: ValueTypeMap[T]): Global<T>;
    readonly prototype: Global;
  };
  readonly Tag: { new (type: { parameters: ValueType[] }): Tag; readonly prototype: Tag };
  readonly Exception: {
    new (exceptionTag: Tag, payload: unknown[], options?: { traceStack?: boolean }): Exception;
    readonly prototype: Exception;
  };
  readonly JSTag: Tag;
  readonly CompileError: NativeErrorConstructor<CompileError>;
  readonly LinkError: NativeErrorConstructor<LinkError>;
  readonly RuntimeError: NativeErrorConstructor<RuntimeError>;
  validate(bytes: BufferSource, options?: CompileOptions): boolean;
  compile(bytes: BufferSource, options?: CompileOptions): Promise<Module>;
  instantiate(
    bytes: BufferSource,
    importObject?: Imports,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
  instantiate(module: Module, importObject?: Imports): Promise<Instance>;
  /** Where the host has `Response`. */
  compileStreaming(source: Response | PromiseLike<Response>, options?: CompileOptions): Promise<Module>;
  instantiateStreaming(
    source: Response | PromiseLike<Response>,
    importObject?: Imports,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
}
