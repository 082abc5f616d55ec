/** What a tier makes in one go is bounded, whatever the module: hostile shapes are refused, or made in proportion. */
import { describe, expect, it } from 'vitest';
import { Module, OP } from '../decoder';
import { Reader } from '../decoder/reader';
import { leb, moduleOf, section } from '../decoder/testing';
import { Walk } from '../decoder/walk';
import { HOSTILE, justBelow } from '../interpreter/testing';
import { Budget, codeSize } from './limits';
import { PART_SIZES } from './native/groups';
import { Program } from './native/program';
import { HOST } from './native/testing';
import { NativeTier } from './native/tier';

/** Emitted bytes for a byte of code: a way out for each call is the longest that there is. */
const MOST_GROWTH = 40;
const SIZES = [12_000, 60_000];

/** What lies below the statements of a shape is the same to a tier: one of each is enough. */
const isOnOneGround = ({ name }: { name: string }): boolean => !/ over (?!constants)/.test(name);

describe('a part of a native program', () => {
  for (const hostile of HOSTILE.filter(isOnOneGround)) {
    it(`is refused or in proportion: ${hostile.name}`, () => {
      const tier = new NativeTier(HOST);
      for (const size of SIZES) {
        const module = Module.decode(justBelow(hostile, size));
        const { importedFuncs, funcTypes } = module;
        const runs = (funcidx: number) => tier.judge(module, funcidx).kind === 'runs';
        const last = funcTypes.length - 1;
        // The first functions are what the shape calls, the last ones the shape and `run`.
        const chosen = [...new Set([importedFuncs, importedFuncs + 1, last - 1, last])].filter(runs);
        if (chosen.length === 0) continue;
        const program = new Program(module, HOST, PART_SIZES, { isShared: false, isExact: false });
        expect(program.emitted.bytes.length).toBeLessThan(MOST_GROWTH * size + 400 * funcTypes.length);
        for (const funcidx of chosen) {
          const group = program.group(funcidx, true);
          if (group === undefined || typeof group === 'string') continue;
          const code = group.side.members.reduce((sum, funcidx) => sum + codeSize(module, funcidx), 0);
          expect(group.side.bytes.length).toBeLessThan(MOST_GROWTH * code + 20_000);
        }
      }
    });
  }

  it('is refused where a function is long, wide, or has tall stacks at many calls', () => {
    const tier = new NativeTier(HOST);
    const why = (name: string, size: number): string[] => {
      const module = Module.decode(justBelow(HOSTILE.find((one) => one.name === name)!, size));
      const verdicts = Array.from(module.codeStart, (_, k) => tier.judge(module, module.importedFuncs + k));
      return [...new Set(verdicts.flatMap((verdict) => (verdict.kind === 'refuses' ? [verdict.why] : [])))];
    };
    expect(why('local.set over constants', 1_000_000).join()).toMatch(/bytes of code, more than 262144/);
    expect(why('call over constants', 200_000)).toEqual([
      'it has too many operands at its calls and branches',
    ]);
    expect(why('deep: many locals', 20_000)).toEqual(['it has too many locals']);
  });
});

describe('a native function with many loops or calls', () => {
  const LOOP = [0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b];
  const SET = (localidx: number) => [0x20, 0, 0x21, ...leb(localidx)];
  /** `run`: so many loops or calls, above so many operands, each of which stands behind a write to another local. */
  const looping = (
    loops: number,
    operands: number,
    locals: number,
    body: readonly number[] = LOOP,
  ): Module => {
    const code = [1, ...leb(locals), 0x7f];
    for (let k = 0; k < operands; k++) code.push(0x20, 0);
    for (let k = 0; k < loops; k++) code.push(...SET(1 + (k % locals)), ...body);
    for (let k = 0; k < operands; k++) code.push(0x1a);
    code.push(0x0b);
    return Module.decode(
      moduleOf([
        ...section('type', 1, 0x60, 1, 0x7f, 0),
        ...section('function', 1, 0),
        ...section('export', 1, 1, 0x72, 0, 0),
        ...section('code', 1, ...leb(code.length), ...code),
      ]),
    );
  };

  it('is refused where they carry too many values', () => {
    const tier = new NativeTier(HOST);
    // Of type [i32] -> [], as the function itself.
    const CALL = [0x20, 0, 0x10, 0];
    const kind = (loops: number, operands: number, locals: number, body = LOOP) =>
      tier.judge(looping(loops, operands, locals, body), 0).kind;
    expect([kind(1000, 100, 101), kind(500, 0, 1000), kind(3500, 0, 1)]).toEqual(Array(3).fill('refuses'));
    expect([kind(1000, 0, 400, CALL), kind(2000, 100, 60, CALL)]).toEqual(Array(2).fill('refuses'));
    expect([kind(500, 10, 100), kind(1000, 0, 100, CALL)]).toEqual(['runs', 'runs']);
  });

  it('takes each operand over once, whatever loops stand above it, and leads from each loop to the next one', () => {
    const [loops, operands, locals] = [200, 50, 3];
    const module = looping(loops, operands, locals);
    const program = new Program(module, HOST, PART_SIZES, { isShared: false, isExact: false });
    let first = -1;
    new Walk(module, 0, {
      instruction: ({ row, offset, start }) => {
        if (row.op === OP.loop && first < 0) first = offset - start;
      },
    }).run();
    const { side } = program.continuation(0, first)!.continuation;
    const taken = side.layout.helper('takeI32');
    const emitted = Module.decode(side.bytes);
    let takes = 0;
    let farthest = 0;
    new Walk(emitted, side.layout.firstFunc, {
      instruction({ row, immediates }) {
        if (row.op === OP.br) farthest = Math.max(farthest, new Reader(emitted.bytes, immediates).u32());
      },
      call(_walk, callee) {
        if (callee.kind === 'func' && callee.funcidx === taken) takes++;
      },
    }).run();
    expect(takes).toBe(operands + locals);
    // A branch past more than one of them would bring all values of the function to where it goes.
    expect(farthest).toBeLessThan(10);
  });
});

it('a budget is for what is made between two looks, and only where somebody may stop', () => {
  const budget = new Budget(100);
  const registers = {
    fp: 0,
    sp: 0,
    fuel: 0,
    trapOffset: -1,
    top: 0,
    floor: 0,
    looks: 7,
    lowering: 256,
    maxSp: 0,
    maxFp: 0,
  };
  expect(budget.isSpent(registers)).toBe(false);
  budget.spend(60);
  expect(budget.isSpent(registers)).toBe(false);
  budget.spend(60);
  expect(budget.isSpent(registers)).toBe(true);
  expect(budget.isSpent({ ...registers, lowering: Number.POSITIVE_INFINITY })).toBe(false);
  expect(budget.isSpent({ ...registers, looks: 8 })).toBe(false);
});
