/** What the native tier needs of the host's `WebAssembly`: an entry hands it over, so that this room names no host. */

export interface HostGlobal {
  value: unknown;
}
export interface HostTable {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  grow(delta: number): number;
}
export type HostExports = Readonly<Record<string, unknown>>;

export interface HostExceptions {
  readonly Tag: new (type: { parameters: readonly [] }) => object;
  readonly Exception: new (tag: object, values: readonly []) => object;
}

/** An engine may have no exceptions. */
export interface HostWebAssembly extends Partial<HostExceptions> {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: HostExports };
  readonly Global: new (descriptor: { value: 'i32'; mutable: true }, value: number) => HostGlobal;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => HostTable;
  readonly RuntimeError: abstract new () => Error;
  validate(bytes: Uint8Array): boolean;
}

/** Undefined where the engine has none. */
export function exceptionsOf({ Tag, Exception }: HostWebAssembly): HostExceptions | undefined {
  return Tag === undefined || Exception === undefined ? undefined : { Tag, Exception };
}
