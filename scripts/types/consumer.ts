/**
 * What TypeScript makes of the package. This file is compiled against the built declarations, as ES module and as CommonJS, under each way to
 * resolve modules, with and without the DOM (types.test.ts); it is never run. Lines that must not compile say so.
 */
import {
  type ByteSource,
  Execution,
  type Func,
  type HostCall,
  type ImportsByName,
  imports,
  instantiate,
  instantiatePaused,
  type Memory,
  Module,
  RuntimeError,
  Store,
} from 'tswasm';
import { createFactories } from 'tswasm/factories';
import { type RunWasiOptions, runWasi } from 'tswasm/node';
import { restore, snapshot } from 'tswasm/snapshot';
import { type Pollable, Wasi, type WasiHost } from 'tswasm/wasi';
import { CallStoppedError, coreOf, createWebAssembly, WebAssembly } from 'tswasm/webassembly';
import { createSnapshotWebAssembly } from 'tswasm/webassembly-snapshot';

declare const bytes: Uint8Array;
const sources: ByteSource[] = [bytes, bytes.buffer, new DataView(bytes.buffer), new ArrayBuffer(8)];
const module = Module.decode(sources[0], { features: { tailCalls: false } });
const store = new Store({ maxMemoryBytes: 1 << 20 });

interface Exports {
  add(a: number, b: number): number;
  big(value: bigint): bigint;
  log: () => void;
  memory: Memory;
}
const byName: ImportsByName = {
  host: { log: (pointer: number, length: number) => pointer + length, base: 5n },
};
const instance = instantiate<Exports>(store, module, byName);
const sum: number = instance.func('add').call(1, 2);
const big: bigint = instance.func('big').call(5n);
const memory: Memory = instance.memory('memory');
// @ts-expect-error there is no such export
instance.func('ad');
// @ts-expect-error a memory is no function
instance.func('memory');
// @ts-expect-error a function is no memory
instance.memory('add');
// @ts-expect-error arguments are numbers
instance.func('add').call('1', 2);

const untyped = instantiate(
  store,
  module,
  imports(module, byName, (from, name) => (from + name ? 5 : undefined)),
);
const anything: unknown = untyped.func('whatever').call(1, 'two', 3n);
const func: Func = instance.func('add');
const execution = new Execution(func, [1, 2]);
const outcome = execution.run({ fuel: 1000 });
if (outcome.kind === 'paused') restore(snapshot(execution), instantiatePaused(store, module, byName)).run();
if (outcome.kind === 'trapped')
  console.log(outcome.error.backtrace[0].offset, outcome.error instanceof RuntimeError);
// @ts-expect-error internals are not in the declarations
instance.funcAt(0);
const callback = (call: HostCall): void => call.setI32(0, call.i32(1));

const namespace = createWebAssembly({
  fuel: 1000,
  deadline: 50,
  total: { fuel: 1e6 },
  onStop: () => undefined,
});
const global = new namespace.Global({ value: 'i64', mutable: true }, 5n);
const held: bigint = global.value;
// @ts-expect-error an i64 is no string
global.value = 'text';
const compiled: Promise<number> = WebAssembly.instantiate(bytes, { env: { f: () => 1 } }).then(
  ({ instance: { exports } }) => (exports.add as (a: number) => number)(1),
);
const core: object | undefined = coreOf(namespace, global);
const stopped: boolean = new Error() instanceof CallStoppedError;
const takes = createSnapshotWebAssembly({ now: () => 0 }).Snapshot;

const host: WasiHost = {
  realtime: () => ({ lo: 0, hi: 0 }),
  monotonic: () => ({ lo: 0, hi: 0 }),
  random: () => {},
};
declare const stream: Pollable;
const wasi = new Wasi({ host: { ...host, stdin: stream } });
const options: RunWasiOptions = { args: ['1'], imports: { host: { log: () => {} } } };
const exitCode: Promise<number> = runWasi(bytes, options).then((result) => result.exitCode);

export {
  anything,
  big,
  callback,
  compiled,
  core,
  createFactories,
  exitCode,
  held,
  memory,
  stopped,
  sum,
  takes,
  wasi,
};
