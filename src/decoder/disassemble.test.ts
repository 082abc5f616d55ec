import { expect, it } from 'vitest';
import { Module } from './decode';
import { disassemble } from './disassemble';
import { wat } from './testing';

async function listing(text: string, funcidx = 0): Promise<string[]> {
  const lines = Array.from(disassemble(Module.decode(await wat(text)), funcidx));
  return lines.map((line) => line.replace(/^0x[0-9a-f]{6} /, ''));
}

it('lists instructions with offsets, nesting and names', async () => {
  const bytes = await wat(`(module (memory 1)
    (func $loop (param i32) (result i32) (local i64 i64 f32)
      (block (loop (br_if 1 (i32.eqz (local.get 0))) (br 0)))
      (if (result i32) (local.get 0) (then (call $loop (i32.const -1))) (else (i32.const 5)))))`);
  expect(Array.from(disassemble(Module.decode(bytes), 0))).toEqual([
    '(func (;0;) (; loop ;) (type 0) (param i32) (result i32)',
    '0x00001e   (local i64 i64)',
    '0x000020   (local f32)',
    '0x000022   block',
    '0x000024     loop',
    '0x000026       local.get 0',
    '0x000028       i32.eqz',
    '0x000029       br_if 1 (; 0x000022 ;)',
    '0x00002b       br 0 (; 0x000024 ;)',
    '0x00002d     end',
    '0x00002e   end',
    '0x00002f   local.get 0',
    '0x000031   if (result i32)',
    '0x000033     i32.const -1',
    '0x000035     call 0 (; loop ;)',
    '0x000037   else',
    '0x000038     i32.const 5',
    '0x00003a   end',
    '0x00003b end',
    ')',
  ]);
});

it('prints every kind of immediate', async () => {
  const lines = await listing(`(module
    (type (func (param i32) (result i32 i32)))
    (memory 1) (memory i64 1) (table 1 funcref) (table 1 funcref) (data "x") (elem func 0) (global (mut i32) (i32.const 0))
    (func
      (block (block (br_table 1 0 1 (i32.const 0))))
      (drop (drop (call_indirect 1 (type 0) (i32.const 1) (i32.const 2))))
      (drop (select (result funcref) (ref.null func) (ref.func 0) (global.get 0)))
      (drop (ref.is_null (ref.null extern)))
      (table.set 1 (i32.const 0) (table.get 0 (i32.const 0)))
      (table.copy 1 0 (i32.const 0) (i32.const 0) (i32.const 0))
      (table.init 1 0 (i32.const 0) (i32.const 0) (i32.const 0))
      (elem.drop 0)
      (memory.init 1 0 (i64.const 0) (i32.const 0) (i32.const 0))
      (data.drop 0)
      (memory.copy 1 0 (i64.const 0) (i32.const 0) (i32.const 0))
      (drop (memory.size 1))
      (drop (i32.load16_u 1 offset=0x123456789abcdef0 align=1 (i64.const 0)))
      (i64.store offset=8 (i32.const 0) (i64.const -9223372036854775808))
      (i32.const 0) (block (type 0) (i32.const 1)) drop drop))`);
  const wanted = [
    'br_table 1 (; @ ;) 0 (; @ ;) 1 (; @ ;)',
    'call_indirect 1 (type 0)',
    'select (result funcref)',
    'ref.null func',
    'ref.null extern',
    'ref.func 0',
    'global.get 0',
    'table.set 1',
    'table.copy 1 0',
    'table.init 1 0',
    'elem.drop 0',
    'memory.init 1 0',
    'data.drop 0',
    'memory.copy 1 0',
    'memory.size 1',
    'i32.load16_u 1 offset=0x123456789abcdef0 align=1',
    'i64.store offset=8',
    'i64.const 0x8000000000000000',
    'block (type 0) (param i32) (result i32 i32)',
  ];
  const found = lines.map((line) => line.trim().replaceAll(/0x0000../g, '@'));
  expect(wanted.filter((line) => !found.includes(line))).toEqual([]);
});

it('prints numbers that the text format reads back', async () => {
  const values = {
    'f32.const': ['1.5', '-0', 'inf', '-inf', 'nan', '-nan', 'nan:0x200001', '1e-45'],
    'f64.const': ['0.1', '-0', '-inf', 'nan', '-nan:0x4000000000001', '5e-324', '1.7976931348623157e+308'],
    'i64.const': ['-1', '9007199254740991', '-9007199254740992', '4294967296'],
    'i32.const': ['-2147483648', '2147483647'],
  };
  const body = Object.entries(values).flatMap(([op, list]) => list.map((value) => `(drop (${op} ${value}))`));
  const found = (await listing(`(module (func ${body.join(' ')}))`)).join('\n').match(/\w+\.const \S+/g);
  const bits: Record<string, string> = { '1e-45': '1.401298464324817e-45' };
  const wanted = Object.entries(values).flatMap(([op, list]) =>
    list.map((value) => `${op} ${bits[value] ?? value}`),
  );
  expect(found).toEqual(wanted);
});
