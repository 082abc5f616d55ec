import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runParts } from '../../src/decoder/parts';
import type { Contents } from './kept-file';
import { KeptModule, makeRoom, userFolder } from './kept-module';

let base: string;
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'tswasm-kept-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const BUILD = 'build';
const MODULE = Uint8Array.from({ length: 5001 }, (_, k) => k * 7);
const CODE = Uint8Array.from({ length: 333 }, (_, k) => 255 - k);
const CONTENTS: Contents = {
  bodies: { mostCalls: 3, written: [1, 4] },
  hasOthers: true,
  known: {
    programs: [
      {
        variant: { isShared: true, isExact: false },
        main: { bytes: CODE, codeStart: [10, 20], refused: [[0, 'it is “imported”']] },
        layout: { mirrors: [], added: [], effects: [], outside: [], frameSizes: [] },
        groups: [
          {
            bytes: CODE.subarray(1),
            mirrors: [0],
            pieces: [{ members: [5], first: 0, codeStarts: [4, 9], added: ['owe'] }],
          },
        ],
        hasty: 1,
        continuations: [],
      },
    ],
  },
};
const kept = (bytes = MODULE, salt = '', build = BUILD, at = base) =>
  runParts(KeptModule.in(at, bytes, salt, build));
const folder = () => path.join(base, readdirSync(base)[0]);
const file = () => path.join(folder(), readdirSync(folder())[0]);

it('gives what has been written, for the same bytes and circumstances alone', () => {
  expect(kept()!.contents).toBeUndefined();
  kept()!.write(CONTENTS, MODULE);
  expect(kept()!.contents).toEqual(CONTENTS);
  expect(kept(MODULE, 'others')!.contents).toBeUndefined();
  expect(kept(MODULE, '', 'another')!.contents).toBeUndefined();
  // A module whose file has the same name: the bytes that differ are not among those that are looked at.
  const other = Uint8Array.from(MODULE);
  const names = new Set<string>();
  for (let at = 0; names.size === 0 && at < 8; at++) {
    other.set(MODULE);
    other[at] ^= 1;
    rmSync(folder(), { recursive: true });
    kept()!.write(CONTENTS, MODULE);
    const before = readdirSync(folder());
    kept(other)!.write(CONTENTS, other);
    if (readdirSync(folder()).length === before.length) names.add(before[0]);
  }
  expect(names.size).toBe(1);
  expect(kept(other)!.contents).toEqual(CONTENTS);
  expect(kept()!.contents).toBeUndefined();
});

it('takes nothing that is damaged, wherever that is, or cut off', () => {
  kept()!.write(CONTENTS, MODULE);
  const whole = readFileSync(file());
  const step = 13;
  for (let at = 0; at < whole.length; at += step) {
    const damaged = Buffer.from(whole);
    damaged[at] ^= 0x10;
    writeFileSync(file(), damaged);
    expect(kept()!.contents).toBeUndefined();
    writeFileSync(file(), whole.subarray(0, at));
    expect(kept()!.contents).toBeUndefined();
  }
  writeFileSync(file(), Buffer.concat([whole, whole]));
  expect(kept()!.contents).toBeUndefined();
  writeFileSync(file(), whole);
  expect(kept()!.contents).toEqual(CONTENTS);
});

it.skipIf(process.platform === 'win32')(
  'uses no folder that others may write to, and makes its own private',
  () => {
    kept()!.write(CONTENTS, MODULE);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const place = folder();
    chmodSync(place, 0o722);
    expect(kept()).toBeUndefined();
    chmodSync(place, 0o700);
    const elsewhere = `${base}-elsewhere`;
    mkdirSync(elsewhere);
    rmSync(place, { recursive: true });
    symlinkSync(elsewhere, place);
    expect(kept()).toBeUndefined();
    rmSync(elsewhere, { recursive: true });
  },
);

it('leaves what cannot be written', () => {
  const occupied = path.join(base, 'file');
  writeFileSync(occupied, '');
  expect(kept(MODULE, '', BUILD, path.join(occupied, 'inside'))).toBeUndefined();
  const one = kept()!;
  writeFileSync(path.join(base, `${BUILD}-${process.version}-${process.arch}`), '');
  expect(() => one.write(CONTENTS, MODULE)).not.toThrow();
  expect(readdirSync(base).length).toBe(2);
});

it('makes room by what was not used for longest, and touches nothing that is not its own', () => {
  const place = path.join(base, `${BUILD}-v20.0.0-x64`);
  mkdirSync(place);
  const names = ['00000001', '00000002', '00000003-77', 'notes.txt'];
  names.forEach((name, k) => {
    writeFileSync(path.join(place, name), Buffer.alloc(100));
    utimesSync(path.join(place, name), 1000 + k, 1000 + k);
  });
  writeFileSync(path.join(base, '00000001'), Buffer.alloc(100));
  makeRoom(base, 200);
  expect(readdirSync(place).sort()).toEqual(['00000002', '00000003-77', 'notes.txt']);
  makeRoom(base, 0);
  expect(readdirSync(place)).toEqual(['notes.txt']);
  expect(existsSync(path.join(base, '00000001'))).toBe(true);
});

it('says when a file was used, to within an hour', () => {
  kept()!.write(CONTENTS, MODULE);
  const old = Date.now() / 1e3 - 86_400;
  utimesSync(file(), old, old);
  kept();
  expect(statSync(file()).mtimeMs).toBeGreaterThan((old + 80_000) * 1e3);
});

it('is where the variable says, and nowhere when that or Node is told to keep nothing', () => {
  const { TSWASM_CACHE: given, NODE_DISABLE_COMPILE_CACHE: disabled } = process.env;
  try {
    process.env['TSWASM_CACHE'] = base;
    expect(userFolder()).toBe(base);
    process.env['TSWASM_CACHE'] = 'off';
    expect(userFolder()).toBeUndefined();
    delete process.env['TSWASM_CACHE'];
    expect(userFolder()).toMatch(/tswasm$/);
    process.env['NODE_DISABLE_COMPILE_CACHE'] = '1';
    expect(userFolder()).toBeUndefined();
  } finally {
    delete process.env['NODE_DISABLE_COMPILE_CACHE'];
    if (given !== undefined) process.env['TSWASM_CACHE'] = given;
    if (disabled !== undefined) process.env['NODE_DISABLE_COMPILE_CACHE'] = disabled;
  }
});
