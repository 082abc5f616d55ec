/** CoreMark in the interpreter in QuickJS (quickjs-emscripten), by the module `tswasm/quickjs` of a build. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { newQuickJSWASMModule } from 'quickjs-emscripten';
import type { Worked } from './against-work.ts';
import { CLOCK } from './coremark-clock.ts';

const MEMORY_BYTES = 256 * 2 ** 20;
const STACK_BYTES = 128 * 1024;

/** In QuickJS. It uses only what builds of all ages have. */
const GUEST = `
import { Func, instantiate, Module, Store } from 'tswasm';
const store = new Store();
const module = Module.decode(new Uint8Array(bytes));
let looked = 0;
const view = () => { const { buffer, byteOffset } = memory.bytes; return new DataView(buffer, byteOffset); };
const calls = {
  proc_exit() { throw new Error('over'); },
  clock_time_get(call) {
    const clock = ${JSON.stringify(CLOCK)};
    view().setBigUint64(call.i32(2), BigInt(clock[Math.min(looked++, clock.length - 1)] * 1e9), true);
    call.setI32(0, 0);
  },
  args_sizes_get(call) {
    view().setUint32(call.i32(0), 0, true);
    view().setUint32(call.i32(1), 0, true);
    call.setI32(0, 0);
  },
  args_get(call) { call.setI32(0, 0); },
  fd_seek(call) { call.setI32(0, 70); },
  fd_close(call) { call.setI32(0, 0); },
  fd_fdstat_get(call) { view().setUint8(call.i32(1), 2); call.setI32(0, 0); },
  fd_write(call) {
    let total = 0;
    for (let i = 0; i < call.i32(2); i++) total += view().getUint32(call.i32(1) + i * 8 + 4, true);
    view().setUint32(call.i32(3), total, true);
    call.setI32(0, 0);
  },
};
const imports = module.imports.map(({ name, type }) => Func.host(store, type.type, calls[name]));
const instance = instantiate(store, module, imports);
const memory = instance.exports.get('memory');
globalThis.run = () => {
  try { instance.exports.get('_start').call(); } catch (error) { if (!String(error).includes('over')) throw error; }
  return looked;
};`;

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export async function coremarkInQuickjs(dist: string, file: string): Promise<Worked> {
  const source = readFileSync(path.join(dist, 'quickjs/tswasm.js'), 'utf8');
  const runtime = (await newQuickJSWASMModule()).newRuntime();
  runtime.setMemoryLimit(MEMORY_BYTES);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setModuleLoader(() => source);
  const context = runtime.newContext();
  const { buffer, byteOffset, length } = readFileSync(file);
  const bytes = context.newArrayBuffer(buffer.slice(byteOffset, byteOffset + length));
  context.setProp(context.global, 'bytes', bytes);
  context.unwrapResult(context.evalCode(GUEST, 'guest.js', { type: 'module' }));
  const begun = processorTime();
  const looked = context.unwrapResult(context.evalCode('run()'));
  return { ms: processorTime() - begun, checksum: context.getNumber(looked) };
}
