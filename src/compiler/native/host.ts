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

export interface HostWebAssembly {
  /** An engine with exceptions has it. */
  readonly Tag?: unknown;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: HostExports };
  readonly Global: new (descriptor: { value: 'i32'; mutable: true }, value: number) => HostGlobal;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => HostTable;
  readonly RuntimeError: abstract new () => Error;
  validate(bytes: Uint8Array): boolean;
}

export function hasExceptions({ Tag }: HostWebAssembly): boolean {
  return Tag !== undefined;
}
