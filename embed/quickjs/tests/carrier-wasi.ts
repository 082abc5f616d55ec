/** A WASI command on files in memory, in whichever engine this runs. */
import { Execution, Func, type Instance, instantiatePaused, Module, Store } from '../../../src/index';
import { postmortem, restore } from '../../../src/snapshot/index';
import {
  inputStream,
  MemoryFileSystem,
  outputStream,
  Wasi,
  WasiExit,
  type WasiHost,
} from '../../../src/wasi/index';
import { fromHex, toHex, type WasiReply, type WasiRequest } from './wire';

/** What all engines must leave alike, also those with tiers. */
export const SAME_BITS = { canonicalNans: true };

export async function runProgram(request: WasiRequest, host: WasiHost): Promise<WasiReply> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const wasi = new Wasi({
    host: {
      ...host,
      stdin: inputStream(fromHex(request.stdin ?? '')),
      stdout: outputStream((bytes) => stdout.push(toHex(bytes))),
      stderr: outputStream((bytes) => stderr.push(toHex(bytes))),
    },
    args: request.args,
    env: request.env,
    preopens: request.files === undefined ? [] : [{ path: '/', directory: filesOf(request).directory() }],
    ...(request.seed !== undefined && { deterministic: { seed: request.seed } }),
    blocking: false,
  });
  const store = new Store(SAME_BITS);
  const module = Module.decode(fromHex(request.module));
  const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
  const reply = (code: number): WasiReply => ({
    kind: 'exited',
    code,
    stdout: stdout.join(''),
    stderr: stderr.join(''),
    ...(request.seed !== undefined && { stateHash: wasi.stateDigest(postmortem(instance)) }),
  });
  try {
    let code = 0;
    for (const execution of executionsOf(instance, wasi, request)) code = await toTheEnd(execution);
    return reply(code);
  } catch (error) {
    if (error instanceof WasiExit) return reply(error.code);
    throw error;
  }
}

function executionsOf(instance: Instance, wasi: Wasi, { snapshot }: WasiRequest): Execution[] {
  if (snapshot !== undefined) {
    return [restore(fromHex(snapshot), instance, { loadHostState: (state) => wasi.restoreState(state) })];
  }
  const main = instance.exports.get('_start');
  if (!(main instanceof Func)) throw new Error('no _start');
  return [instance.startFunc, main].flatMap((func) => (func === undefined ? [] : [new Execution(func, [])]));
}

async function toTheEnd(execution: Execution): Promise<number> {
  for (;;) {
    const outcome = execution.run();
    if (outcome.kind === 'done') return 0;
    if (outcome.kind === 'waiting') await outcome.promise;
    else if (outcome.kind === 'trapped') {
      // An exit out of a call that had to wait arrives as the cause of a trap.
      if (outcome.error.cause instanceof WasiExit) return outcome.error.cause.code;
      throw outcome.error;
    }
  }
}

function filesOf({ files = [] }: WasiRequest): MemoryFileSystem {
  const system = MemoryFileSystem.create();
  for (const { path, bytes, target } of files) {
    if (target !== undefined) system.symlink(target, path);
    else if (bytes !== undefined) system.writeFile(path, fromHex(bytes));
    else system.makeDirectory(path);
  }
  return system;
}
