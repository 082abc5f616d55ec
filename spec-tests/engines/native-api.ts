/** The parts of the host's `WebAssembly` that tests use. Typed here because no DOM library is loaded. */

export interface NativeModule {
  readonly [brand: symbol]: 'module';
}
export interface NativeGlobal {
  value: unknown;
}
export interface NativeMemory {
  readonly buffer: ArrayBuffer;
}
export interface NativeTable {
  readonly length: number;
  get(index: number): unknown;
}
export interface NativeException {
  is(tag: object): boolean;
  getArg(tag: object, index: number): unknown;
}
type ErrorClass = new (message?: string) => Error;

export interface NativeApi {
  Module: {
    new (bytes: Uint8Array): NativeModule;
    imports(module: NativeModule): { module: string; name: string; kind: string }[];
  };
  Instance: new (
    module: NativeModule,
    imports?: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, object> };
  Global: new (type: { value: string; mutable?: boolean }, value?: unknown) => NativeGlobal;
  Memory: new (type: { initial: number; maximum?: number }) => NativeMemory;
  Table: new (type: { initial: number; maximum?: number; element: string }) => NativeTable;
  CompileError: ErrorClass;
  LinkError: ErrorClass;
  RuntimeError: ErrorClass;
  Exception?: new (...args: never[]) => NativeException;
  validate(bytes: Uint8Array): boolean;
}

export const Native = (globalThis as unknown as { WebAssembly: NativeApi }).WebAssembly;
