/** What commands of the guides may need, and whether this machine has it. A device is nowhere. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hasClang } from '../../embed/node/wasi-tests/clang';
import { root } from '../laws/files.ts';

export const WABT = path.join(root, 'node_modules', 'wabt');

export const THERE = {
  wabt: existsSync(WABT),
  'wasi-libc': hasClang,
  chromium: spawnSync('which', ['chromium']).status === 0,
  onnxruntime: existsSync(path.join(root, 'node_modules', 'onnxruntime-node')),
  device: false,
};
