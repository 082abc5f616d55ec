/**
 * The namespace as TypeScript sees it: the shapes of `lib.dom.d.ts`, so that `globalThis.WebAssembly = WebAssembly` is an assignment that it
 * accepts. Tags are left out where that file leaves them out.
 */
import type { CompileError, LinkError, RuntimeError } from '../errors';
import type { NativeErrorConstructor } from './errors';

/** What can be imported and exported. */
export type ImportExportKind = 'function' | 'global' | 'memory' | 'table';
/** What tables hold. */
export type TableKind = 'anyfunc' | 'externref';
/** What JavaScript has for a value of each type. */
export interface ValueTypeMap {
  /** A 32-bit integer. */
  i32: number;
  /** A 64-bit integer. */
  i64: bigint;
  /** A 32-bit float. */
  f32: number;
  /** A 64-bit float. */
  f64: number;
  /** Vectors have no value in JavaScript. */
  v128: never;
  /** A function, or null. */
  // biome-ignore lint/complexity/noBannedTypes: the type of lib.dom
  anyfunc: Function;
  /** Anything. */
  externref: unknown;
}
/** Names of value types, as descriptors have them. */
export type ValueType = keyof ValueTypeMap;
/** A number of pages or elements; a BigInt where addresses have 64 bits. */
export type AddressValue = number | bigint;

/** What `Module.exports` says about an export. */
export interface ModuleExportDescriptor {
  /** Its name. */
  name: string;
  /** What is exported. */
  kind: ImportExportKind;
}
/** What `Module.imports` says about an import. */
export interface ModuleImportDescriptor extends ModuleExportDescriptor {
  /** The first of its two names. */
  module: string;
}
/** What a memory shall be. */
export interface MemoryDescriptor {
  /** Pages at first. */
  initial: AddressValue;
  /** The most pages. */
  maximum?: AddressValue;
  /** Width of addresses; default `i32`. */
  address?: 'i32' | 'i64';
  /** Whether its buffer is a SharedArrayBuffer; it needs a maximum then. */
  shared?: boolean;
}
/** What a table shall be. */
export interface TableDescriptor extends Omit<MemoryDescriptor, 'shared'> {
  /** What its elements are. */
  element: TableKind;
}
/** What a global shall be. */
export interface GlobalDescriptor<T extends ValueType = ValueType> {
  /** The type of its value. */
  value: T;
  /** Whether it may be changed; default false. */
  mutable?: boolean;
}
/** What a module may import from the host itself. */
export interface CompileOptions {
  /** The module name under which strings are imported. */
  importedStringConstants?: string | null;
}

// The interfaces are empty where JavaScript sees nothing of the object.
/** A compiled module. */
// biome-ignore-start lint/suspicious/noEmptyInterface: interface objects without members
export interface Module {}
/** What handlers tell exceptions by. */
export interface Tag {}
/** An instance of a module. */
// biome-ignore-end lint/suspicious/noEmptyInterface: interface objects without members
export interface Instance {
  /** What the module exports, frozen. */
  readonly exports: Exports;
}
/** A linear memory. */
export interface Memory {
  /** Its bytes. Growing detaches it and makes another. */
  readonly buffer: ArrayBuffer;
  /** Grows by so many pages; the number of pages before. A RangeError when there is no room. */
  grow(delta: number): number;
}
/** A table of references. */
export interface Table {
  /** How many elements it has. */
  readonly length: number;
  /** An element. A RangeError when there is none. */
  get(index: number): unknown;
  /** Grows by so many elements; the length before. A RangeError when there is no room. */
  grow(delta: number, value?: unknown): number;
  /** Sets an element; without a value, to null. A RangeError when there is none. */
  set(index: number, value?: unknown): void;
}
/** A global. */
export interface Global<T extends ValueType = ValueType> {
  /** What it holds. Setting an immutable one throws. */
  value: ValueTypeMap[T];
  /** What it holds. */
  valueOf(): ValueTypeMap[T];
}
/** An exception of a guest's. */
export interface Exception {
  /** Where it was made, if that was asked for. */
  readonly stack: string | undefined;
  /** One of its values. A TypeError when it has another tag. */
  getArg(exceptionTag: Tag, index: number): unknown;
  /** Whether it has this tag. */
  is(exceptionTag: Tag): boolean;
}

/** What an instance exports. */
// biome-ignore lint/complexity/noBannedTypes: the type of lib.dom
export type ExportValue = Function | Global | Memory | Table;
/** Exports by name. */
export type Exports = Record<string, ExportValue>;
/** What may be given for an import. */
export type ImportValue = ExportValue | Tag | number | bigint;
/** Imports by their two names. */
export type Imports = Record<string, Record<string, unknown>>;
/** Bytes. */
export type BufferSource = ArrayBufferView | ArrayBufferLike;
/** A module and its instance. */
export interface InstantiatedSource {
  /** The instance. */
  instance: Instance;
  /** Its module, for more instances. */
  module: Module;
}

/** The `WebAssembly` namespace, as the JavaScript API has it. */
export interface WebAssemblyNamespace {
  /** Compiled modules. */
  readonly Module: {
    new (bytes: BufferSource, options?: CompileOptions): Module;
    readonly prototype: Module;
    exports(module: Module): ModuleExportDescriptor[];
    imports(module: Module): ModuleImportDescriptor[];
    customSections(module: Module, sectionName: string): ArrayBuffer[];
  };
  /** Instances of modules. */
  readonly Instance: { new (module: Module, importObject?: Imports): Instance; readonly prototype: Instance };
  /** Linear memories. */
  readonly Memory: { new (descriptor: MemoryDescriptor): Memory; readonly prototype: Memory };
  /** Tables of references. */
  readonly Table: { new (descriptor: TableDescriptor, value?: unknown): Table; readonly prototype: Table };
  /** Globals. */
  readonly Global: {
    new <T extends ValueType = ValueType>(descriptor: GlobalDescriptor<T>, v?: ValueTypeMap[T]): Global<T>;
    readonly prototype: Global;
  };
  /** Tags of exceptions. */
  readonly Tag: { new (type: { parameters: ValueType[] }): Tag; readonly prototype: Tag };
  /** Exceptions of guests. */
  readonly Exception: {
    new (exceptionTag: Tag, payload: unknown[], options?: { traceStack?: boolean }): Exception;
    readonly prototype: Exception;
  };
  /** The tag of what JavaScript throws. */
  readonly JSTag: Tag;
  /** A module that is refused. */
  readonly CompileError: NativeErrorConstructor<CompileError>;
  /** Imports that do not fit. */
  readonly LinkError: NativeErrorConstructor<LinkError>;
  /** A trap. */
  readonly RuntimeError: NativeErrorConstructor<RuntimeError>;
  /** Whether the bytes are a valid module. */
  validate(bytes: BufferSource, options?: CompileOptions): boolean;
  /** Compiles a module, with turns for the event loop in between. */
  compile(bytes: BufferSource, options?: CompileOptions): Promise<Module>;
  /** Compiles and instantiates; or instantiates a module. */
  instantiate(
    bytes: BufferSource,
    importObject?: Imports,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
  instantiate(module: Module, importObject?: Imports): Promise<Instance>;
  /** Where the host has `Response`. */
  compileStreaming(source: Response | PromiseLike<Response>, options?: CompileOptions): Promise<Module>;
  /** The same from a response. */
  instantiateStreaming(
    source: Response | PromiseLike<Response>,
    importObject?: Imports,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
}
