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
export interface HostException {
  is(tag: object): boolean;
  getArg(tag: object, index: number): unknown;
}
export type HostExports = Readonly<Record<string, unknown>>;

export interface HostWebAssembly {
  /** An engine with exceptions has these. */
  readonly Tag?: new (type: {
    parameters: ['externref'];
  }) => object;
  readonly Exception?: new (tag: object, payload: readonly unknown[]) => HostException;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: HostExports };
  readonly Global: new (descriptor: { value: 'i32'; mutable: true }, value: number) => HostGlobal;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => HostTable;
  readonly RuntimeError: abstract new () => Error;
  validate(bytes: Uint8Array): boolean;
}

export function hasExceptions({ Tag, Exception }: HostWebAssembly): boolean {
  return Tag !== undefined && Exception !== undefined;
}
