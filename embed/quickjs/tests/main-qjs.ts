/** The carrier on a `qjs` binary: a line in, a line out, until the input ends. */
import { configureStack, findMachine, quickjsHost } from '../index';
import { type Ground, serve } from './carrier';

// As many slots as on Node, so that endless recursion ends at the same frame.
configureStack({ slots: 2 ** 20 });

async function main(): Promise<void> {
  const machine = await findMachine();
  if (machine === undefined) throw new Error('this QuickJS has no std and os');
  const { std, os } = machine;
  const clock = globalThis as unknown as { performance?: { now(): number } };
  const ground: Ground = {
    turn: () => new Promise((resolve) => os.setTimeout(resolve, 0)),
    now: () => clock.performance?.now() ?? Date.now(),
    wasiHost: () => quickjsHost(machine),
  };
  for (let line = std.in.getline(); line !== null; line = std.in.getline()) {
    std.out.puts(`${await serve(line, ground)}\n`);
    std.out.flush();
  }
}
void main();
