// A program that runs in three JavaScript engines, a fresh process each time, and does not notice:
//   node examples/liquid.mjs
//   TSWASM_QJS=/path/to/qjs node examples/liquid.mjs       with a QuickJS of your own as well
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** @param {string} name */
const here = (name) => path.join(import.meta.dirname, 'liquid', name);
const node = process.execPath;
const engines = [
  [node, here('node.mjs')],
  [node, '--jitless', '--disallow-code-generation-from-strings', here('node.mjs')],
  [node, here('quickjs.mjs')],
];
if (process.env.TSWASM_QJS) engines.push([process.env.TSWASM_QJS, '-m', here('qjs.js')]);

const folder = mkdtempSync(path.join(tmpdir(), 'liquid-'));
const file = path.join(folder, 'liquid.dmp');
let hops = 0;
do {
  const [command, ...args] = engines[hops % engines.length];
  const cwd = path.dirname(import.meta.dirname);
  const { status, stdout, stderr } = spawnSync(command, [...args, file], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  process.stdout.write(stdout.replaceAll(`${folder}${path.sep}`, ''));
  hops++;
} while (existsSync(file));
rmSync(folder, { recursive: true });
console.log(`${hops} processes`);
