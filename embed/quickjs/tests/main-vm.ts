/** The carrier inside QuickJS inside quickjs-emscripten: node main-vm.mjs BUNDLE. A line in, a line out, until the input ends. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Vm } from './vm';

const vm = await Vm.open(readFileSync(process.argv[2], 'utf8'));
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await vm.call('answer', line)}\n`);
}
