import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { Module } from '../../decoder';
import { codeGrowth } from './testing';

it.each(['sql.js/dist/sql-wasm.wasm', 'web-tree-sitter/web-tree-sitter.wasm'])(
  'emits at most 1.8 times as much code for %s',
  (file) => {
    const { before, after } = codeGrowth(
      Module.decode(readFileSync(createRequire(import.meta.url).resolve(file))),
    );
    expect(after).toBeGreaterThan(before);
    expect(after / before).toBeLessThan(1.8);
  },
);
