/** A program of PolyBench through a library, in a process without flags: `node polybench-child.mjs <tswasm | node:wasi> <program>`. */
import { onNode, onTswasm } from './wasi-engines.ts';

const [engine, file] = process.argv.slice(2) as [string, string];
process.exitCode = await (engine === 'tswasm' ? onTswasm(file) : onNode(file));
