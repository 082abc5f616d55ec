import { describe, expect, it } from 'vitest';
import { Module } from './decode';
import { safepointsOf } from './safepoints';
import { functionOf, leb, moduleOf, section, wat } from './testing';
import { type TypeList, typesOf } from './typelist';
import { valTypeName } from './types';
import { Walk } from './walk';

const compile = async (text: string) => Module.decode(await wat(text));

describe('the typed walk', () => {
  it('shows each instruction with the operands and blocks before it', async () => {
    const module = await compile(`(module (func (param i32) (result i64) (local f32)
      (i64.const 1) (block (param i64) (result i64)
        (loop (param i64) (result i64) (br_if 1 (local.get 0)) (br 0)) (nop)) (if (local.tee 0 (i32.const 0)) (then (nop)))))`);
    const lines: string[] = [];
    const walk = new Walk(module, 0, {
      instruction({ row, stack, blocks, reachable, height }) {
        const types = typesOf(stack).map(valTypeName);
        expect(height).toBe(types.length);
        const open = blocks.map(({ kind, height: below }) => `${kind}@${below}`);
        lines.push(`${row.name}${reachable ? '' : '!'} [${types.join(' ')}] ${open.join(' ')}`);
      },
    });
    walk.run();
    expect(lines).toEqual([
      'i64.const [] func@0',
      'block [i64] func@0',
      'loop [i64] func@0 block@0',
      'local.get [i64] func@0 block@0 loop@0',
      'br_if [i64 i32] func@0 block@0 loop@0',
      'br [i64] func@0 block@0 loop@0',
      'end! [] func@0 block@0 loop@0',
      'nop! [] func@0 block@0',
      'end! [] func@0 block@0',
      'i32.const [i64] func@0',
      'local.tee [i64 i32] func@0',
      'if [i64 i32] func@0',
      'nop [i64] func@0 if@1',
      'end [i64] func@0 if@1',
      'end [i64] func@0',
    ]);
  });

  it('goes on where it stopped, and ends', async () => {
    const module = await compile('(module (func (nop) (block (nop))))');
    let seen = 0;
    const walk = new Walk(module, 0, { instruction: () => seen++ });
    for (let steps = 1; steps <= 5; steps++) {
      expect(walk.step()).toBe(true);
      expect(seen).toBe(steps);
    }
    expect([walk.step(), walk.step(), seen]).toEqual([false, false, 5]);
  });

  it('keeps the values of a label that is not branched to, with its types', async () => {
    const module = await compile(`(module (func $f (result i32 f64)
      (i32.const 1) (f64.const 2) (br_if 0 (i32.const 0)) (drop) (call $f) unreachable))`);
    expect(typesOf(safepointsOf(module, 0)[1].operands).map(valTypeName)).toEqual(['i32']);
  });
});

/** Parts of all lists together, those that they share counted once. */
function partsOf(lists: readonly (TypeList | undefined)[]): number {
  const parts = new Set<TypeList>();
  for (const list of lists) {
    for (let part = list; part !== undefined && !parts.has(part); part = part.below) parts.add(part);
  }
  return parts.size;
}

describe('takes room in proportion to the body', () => {
  it('nested blocks, as deep as bytes allow', () => {
    const depth = 200_000;
    const blocks = new Array<number>(2 * depth).fill(0x40).map((byte, k) => (k % 2 === 0 ? 0x02 : byte));
    const module = Module.decode(functionOf(blocks, new Array<number>(depth).fill(0x0b)));
    let deepest = 0;
    new Walk(module, 0, {
      instruction: ({ blocks: open }) => {
        deepest = Math.max(deepest, open.length);
      },
    }).run();
    expect(deepest).toBe(depth + 1);
  });

  it('a tall stack with a call at every height', () => {
    const count = 20_000;
    const body = Array.from({ length: count }, () => [0x41, 0, 0x10, 0]).flat();
    const module = Module.decode(functionOf(body, 0x00));
    const points = safepointsOf(module, 0);
    expect(points.length).toBe(count + 1);
    expect(points[count].operands?.length).toBe(count);
    expect(partsOf(points.map(({ operands }) => operands))).toBe(count);
  });

  it('blocks that take a thousand parameters, one in another', () => {
    const params = new Array<number>(1000).fill(0x7f);
    const depth = 5000;
    const code = [0];
    for (let k = 0; k < params.length; k++) code.push(0x41, 0);
    for (let k = 0; k < depth; k++) code.push(0x03, 1);
    code.push(0x41, 0, 0x0d, ...leb(depth - 1));
    for (let k = 0; k < depth; k++) code.push(0x0b);
    code.push(0x0b);
    const results = [leb(params.length), params];
    const module = Module.decode(
      moduleOf(
        section('type', 2, 0x60, 0, ...results, 0x60, ...results, ...results),
        section('function', 1, 0),
        section('code', 1, leb(code.length), code),
      ),
    );
    let operands = 0;
    const lists: (TypeList | undefined)[] = [];
    new Walk(module, 0, {
      instruction: ({ stack, height }) => {
        operands += height;
        lists.push(stack);
      },
    }).run();
    expect(operands).toBeGreaterThan(params.length * depth);
    expect(partsOf(lists)).toBeLessThan(2 * code.length);
  });
});
