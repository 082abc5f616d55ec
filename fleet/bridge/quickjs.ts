/**
 * The program of a QuickJS beside an agent: it serves the agent at the other end of its standard streams until that ends. With `--line`, they are a
 * serial line (link.ts).
 */
import { findMachine, type Machine, quickjsHost } from 'tswasm/quickjs';
import { EngineEnd } from './link';
import { type Ground, serveAgent } from './served';
import { decodeLossy } from './utf8';

/** Bytes of a read: pipes give no more at a time. */
const READ = 65_536;
/** What `os` gives for a descriptor that takes nothing now. */
const EAGAIN = -11;

const engine = globalThis as unknown as {
  TextDecoder?: unknown;
  performance?: { now(): number };
  scriptArgs?: readonly string[];
};
// Host functions read texts of guests (agent/host/memory.ts).
engine.TextDecoder ??= class {
  decode(bytes: Uint8Array): string {
    return decodeLossy(bytes);
  }
};

function ground(machine: Machine): Ground {
  const { os } = machine;
  return {
    clock: {
      now: () => engine.performance?.now() ?? Date.now(),
      after: (milliseconds, callback) => {
        const timer = os.setTimeout(callback, milliseconds);
        return () => os.clearTimeout(timer);
      },
    },
    wasiHost: () => quickjsHost(machine),
    engine: 'quickjs',
  };
}

function writeAll({ os }: Machine, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const count = os.write(1, bytes.buffer as ArrayBuffer, bytes.byteOffset + at, bytes.length - at);
    if (count === EAGAIN) os.sleep(1);
    else if (count <= 0) throw new Error(`the agent takes nothing: ${count}`);
    else at += count;
  }
}

function taker(machine: Machine): (bytes: Uint8Array) => void {
  const own = ground(machine);
  const write = (bytes: Uint8Array): void => writeAll(machine, bytes);
  if (engine.scriptArgs?.includes('--line') !== true) return serveAgent(own, write);
  const end = new EngineEnd({ clock: own.clock, write, begin: (send) => serveAgent(own, send) });
  return (bytes) => end.read(bytes);
}

async function main(): Promise<void> {
  const machine = await findMachine();
  if (machine === undefined) throw new Error('this QuickJS has no std and os');
  const { std, os } = machine;
  const take = taker(machine);
  const buffer = new ArrayBuffer(READ);
  os.setReadHandler(0, () => {
    const count = os.read(0, buffer, 0, READ);
    if (count === EAGAIN) return;
    if (count <= 0) std.exit(count === 0 ? 0 : 1);
    try {
      take(new Uint8Array(buffer, 0, count));
    } catch (error) {
      std.err.puts(`${error instanceof Error ? error.message : String(error)}\n`);
      std.exit(1);
    }
  });
}
void main();
