/** Runs a WASI program on Node's own WebAssembly with our WASI: tells faults of WASI from faults of the interpreter. Tests only. */
import type { GuestCall } from '../../../src/wasi/guest';
import { type Wasi, WasiExit } from '../../../src/wasi/index';

/** The parts of the host's `WebAssembly` used here; no DOM library is loaded that would type them. */
interface NativeApi {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string }[];
  };
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}
const Native = (globalThis as unknown as { WebAssembly: NativeApi }).WebAssembly;

/** Arguments of one native call as a GuestCall. An i64 arrives as a BigInt. */
class NativeCall implements GuestCall {
  result = 0;
  constructor(
    private readonly args: readonly (number | bigint)[],
    readonly instance: GuestCall['instance'],
  ) {}
  i32(k: number): number {
    return Number(this.args[k]) | 0;
  }
  u32(k: number): number {
    return Number(this.args[k]) >>> 0;
  }
  lo(k: number): number {
    return Number(BigInt.asIntN(32, this.args[k] as bigint));
  }
  hi(k: number): number {
    return Number(BigInt.asIntN(32, (this.args[k] as bigint) >> 32n));
  }
  setI32(_k: number, value: number): void {
    this.result = value;
  }
}

/** Runs `_start`; gives the exit code. Calls that wait must block. */
export function runNative(bytes: Uint8Array, wasi: Wasi): number {
  const module = new Native.Module(bytes);
  let instance: InstanceType<NativeApi['Instance']>;
  const memory = {
    get bytes() {
      return new Uint8Array((instance.exports.memory as { buffer: ArrayBuffer }).buffer);
    },
  };
  const caller = { exports: new Map([['memory', memory]]) };
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name } of Native.Module.imports(module)) {
    const found = wasi.callback(from, name);
    if (found === undefined) throw new Error(`unknown import ${from}.${name}`);
    imports[from] ??= {};
    imports[from][name] = (...args: (number | bigint)[]) => {
      const call = new NativeCall(args, caller);
      if (found.callback(call)) throw new Error(`${name} gave a promise to a blocking run`);
      return call.result;
    };
  }
  instance = new Native.Instance(module, imports);
  try {
    (instance.exports._start as () => void)();
    return 0;
  } catch (error) {
    if (error instanceof WasiExit) return error.code;
    throw error;
  }
}
