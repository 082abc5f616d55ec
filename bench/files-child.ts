/**
 * The files bench in one engine: `node files-child.mjs <tswasm | node:wasi | node:fs> <program> <directory> <task>`. What the program prints
 * goes out as it is. tswasm is measured as it ships (`dist/`, or the build that TSWASM_DIST names) and as its users call it, with `runWasi`.
 * `node:fs` is the same work as a loop of `readSync` and `writeSync`: what there is to reach for a WASI that is made of Node's own functions.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { FilesTask } from './files-program.ts';
import { onNode, onTswasm } from './wasi-engines.ts';

const [engine, file, directory, task] = process.argv.slice(2) as [string, string, string, string];

function withoutWasm({ megabytes, buffer, passes }: FilesTask): number {
  const count = (megabytes * 2 ** 20) / buffer;
  const bytes = new Uint8Array(buffer);
  const number = new DataView(bytes.buffer);
  const name = path.join(directory, 'bench.data');
  const times = new BigInt64Array(passes * 2);
  for (let pass = 0; pass < passes; pass++) {
    let fd = openSync(name, 'w');
    let start = process.hrtime.bigint();
    for (let k = 0; k < count; k++) {
      number.setUint32(0, k);
      writeSync(fd, bytes, 0, buffer, k * buffer);
    }
    times[pass * 2] = process.hrtime.bigint() - start;
    closeSync(fd);
    fd = openSync(name, 'r');
    start = process.hrtime.bigint();
    for (let k = 0; k < count; k++) {
      readSync(fd, bytes, 0, buffer, k * buffer);
      if (number.getUint32(0) !== k) return 4;
    }
    times[pass * 2 + 1] = process.hrtime.bigint() - start;
    closeSync(fd);
    unlinkSync(name);
  }
  writeSync(1, new Uint8Array(times.buffer));
  return 0;
}

if (engine === 'tswasm') process.exitCode = await onTswasm(file, { '/': directory });
else if (engine === 'node:wasi') process.exitCode = await onNode(file, { '/': directory });
else process.exitCode = withoutWasm(JSON.parse(task) as FilesTask);
