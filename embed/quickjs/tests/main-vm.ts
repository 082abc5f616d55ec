/** The carrier inside QuickJS inside quickjs-emscripten: node main-vm.mjs BUNDLE [BYTES]. A line in, a line out, until the input ends. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { VM_LIMITS, Vm } from './vm';

const [, , bundle, bytes = VM_LIMITS.memoryBytes] = process.argv;
const limits = { ...VM_LIMITS, memoryBytes: Number(bytes) };
const vm = await Vm.open(readFileSync(bundle, 'utf8'), limits);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await vm.call('answer', line)}\n`);
}
