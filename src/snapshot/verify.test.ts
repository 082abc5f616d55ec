import { describe, expect, it } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { SnapshotError } from '../errors';
import { compile } from '../testing';
import {
  type Activation,
  EMPTY_DOCUMENT,
  type MemoryRecord,
  nullRef,
  type SnapshotDocument,
  type TypedValue,
} from './document';
import { moduleHash } from './identity';
import { u64 } from './u64';
import { verify } from './verify';

const module = compile(`(module
  (type $pair (func (param i32) (result i64)))
  (import "m" "f" (func $f (param i32) (result i64)))
  (import "m" "a" (memory $a 1 3))
  (import "m" "b" (memory $b 0 2))
  (memory $own 1)
  (table $t 2 4 funcref)
  (global $g (mut i32) (i32.const 0))
  (global $r (mut externref) (ref.null extern))
  (data "x")
  (elem func $loops)
  (func $loops (param $p i32) (result i64) (local $l f32)
    (f64.const 1)                  ;; 1 group of locals: the body begins at +3
    (loop $pre)                    ;; at +12
    (loop $x                       ;; at +15
      (loop $o (i64.const 7)       ;; at +17
        (loop $in                  ;; at +21
          (br_table $in $o $o (local.get $p)))  ;; br_table at +25
        drop))
    drop
    (i64.const 5))
  (func $caller (result i64)
    (i32.const 9)                  ;; +1
    (call $loops (i32.const 2))    ;; call at +5
    (drop) (drop)
    (call_indirect (type $pair) (i32.const 1) (i32.const 0)))
  (func $other (result i32) (i32.const 0))
  (func $void))`);

const i32 = (lo: number): TypedValue => ({ type: 'i32', lo, hi: 0 });
const i64 = (lo: number): TypedValue => ({ type: 'i64', lo, hi: 0 });
const f32: TypedValue = { type: 'f32', lo: 0, hi: 0 };
const f64: TypedValue = { type: 'f64', lo: 0, hi: 0 };
const pages = (count: number, pageBits = 16): MemoryRecord => ({
  sameAs: undefined,
  pageBits,
  pages: count,
  chunks: [],
});
const frame = (more: Partial<Activation>): Activation => ({
  func: 2,
  site: 'call',
  offset: 5,
  targetLoop: -1,
  values: [],
  targetCont: -1,
  ...more,
});
const outer = frame({ values: [i32(9)] });
const inner = frame({
  func: 1,
  site: 'loop',
  offset: 25,
  targetLoop: 21,
  values: [i32(2), f32, f64, i64(7)],
});

/** A state of the module that is fine. */
const good: SnapshotDocument = {
  ...EMPTY_DOCUMENT,
  wasmHash: moduleHash(module.bytes),
  memories: [pages(1), pages(2), pages(1)],
  tables: [{ sameAs: undefined, type: 'funcref', elements: Int32Array.of(0, 0, -1, -1, 4, 0) }],
  globals: [i32(3), { type: 'externref', lo: 77, hi: 1 }],
  segments: { dataDropped: Uint8Array.of(1), elemDropped: Uint8Array.of(0) },
  continuations: [
    {
      state: 'suspended',
      typeIndex: -1,
      entryFunc: 2,
      resumeThrow: -1,
      boundCount: 0,
      boundArgs: [],
      activations: [outer, inner],
    },
  ],
};
function withFrames(...activations: Activation[]): SnapshotDocument {
  return { ...good, continuations: [{ ...good.continuations[0], activations }] };
}
function refusal(document: SnapshotDocument): [string, string] {
  try {
    verify(document, module);
  } catch (error) {
    if (error instanceof SnapshotError) return [error.kind, error.message];
    throw error;
  }
  return ['accepted', ''];
}

describe('a snapshot that fits its module', () => {
  const cases: [string, SnapshotDocument][] = [
    ['as it is', good],
    ['two imports of one memory', { ...good, memories: [pages(2), { sameAs: 0 }, pages(1)] }],
    ['memory at its maximum', { ...good, memories: [pages(3), pages(0), pages(100)] }],
    ['a null externref', { ...good, globals: [i32(0), nullRef('externref')] }],
    ['an entry', withFrames(outer, frame({ func: 1, site: 'entry', offset: 3, values: [i32(0), f32] }))],
    [
      'the other loop of the branch',
      withFrames(outer, { ...inner, targetLoop: 17, values: inner.values.slice(0, 3) }),
    ],
    [
      'a tail-called function at the bottom: it returns the same',
      {
        ...withFrames(inner),
        continuations: [{ ...good.continuations[0], entryFunc: 0, activations: [inner] }],
      },
    ],
    ['an indirect call', withFrames(frame({ offset: 13 }), inner)],
    ['many frames of one function', withFrames(...Array(500).fill(frame({ offset: 13 })), inner)],
    ['a postmortem', { ...good, postmortem: true, continuations: [] }],
    [
      'a pending host call',
      { ...withFrames(frame({ offset: 13 })), pendingCall: { func: 0, args: [i32(1)] } },
    ],
  ];
  for (const [name, document] of cases) it(name, () => expect(refusal(document)).toEqual(['accepted', '']));
});

describe('a snapshot that does not fit', () => {
  const [root] = good.continuations;
  const cases: [string, string, SnapshotDocument][] = [
    ['another module', 'belongs to module', { ...good, wasmHash: u64(1, 2) }],
    ['a memory too few', '2 memories, but the module has 3', { ...good, memories: [pages(1), pages(2)] }],
    ['a global too many', '3 globals', { ...good, globals: [...good.globals, i32(0)] }],
    ['no table', '0 tables', { ...good, tables: [] }],
    ['other pages', 'pages of 2^0 bytes', { ...good, memories: [pages(1, 0), pages(2), pages(1)] }],
    [
      'a memory below its minimum',
      'memory 2 is smaller (0)',
      { ...good, memories: [pages(1), pages(2), pages(0)] },
    ],
    [
      'a memory above its maximum',
      'memory 0 is larger (4)',
      { ...good, memories: [pages(4), pages(2), pages(1)] },
    ],
    [
      'a shared memory above the maximum of the second import',
      'memory 1 is larger (3)',
      { ...good, memories: [pages(3), { sameAs: 0 }, pages(1)] },
    ],
    [
      'a defined memory that is shared',
      'memory 2 is defined',
      { ...good, memories: [pages(1), pages(1), { sameAs: 0 }] },
    ],
    [
      'a table of another type',
      'table 0 holds externref',
      { ...good, tables: [{ sameAs: undefined, type: 'externref', elements: new Int32Array(4) }] },
    ],
    [
      'a table below its minimum',
      'table 0 is smaller',
      { ...good, tables: [{ sameAs: undefined, type: 'funcref', elements: new Int32Array(2) }] },
    ],
    [
      'a table above its maximum',
      'table 0 is larger',
      { ...good, tables: [{ sameAs: undefined, type: 'funcref', elements: new Int32Array(10) }] },
    ],
    [
      'an element that is no function',
      'element 1: function 5 is not',
      { ...good, tables: [{ sameAs: undefined, type: 'funcref', elements: Int32Array.of(0, 0, 5, 0) }] },
    ],
    [
      'a global of another type',
      'global 0: a value of type i64 where i32 is due',
      { ...good, globals: [i64(0), good.globals[1]] },
    ],
    [
      'segments that are not there',
      '2 data segments',
      { ...good, segments: { ...good.segments, dataDropped: new Uint8Array(2) } },
    ],
    [
      'no segments',
      '0 element segments',
      { ...good, segments: { ...good.segments, elemDropped: new Uint8Array(0) } },
    ],
    [
      'an entry function that is not there',
      'entry function 5',
      { ...good, continuations: [{ ...root, entryFunc: 5 }] },
    ],
    [
      'a frame of no function',
      'frame 1: function 5 is not in the module',
      withFrames(outer, { ...inner, func: 5 }),
    ],
    ['a frame of an import', 'function 0 is imported', withFrames(outer, { ...inner, func: 0 })],
    [
      'an offset inside an immediate',
      'has no call safepoint',
      withFrames(frame({ offset: 6, values: [i32(9)] }), inner),
    ],
    [
      'an offset past the code',
      'has no entry safepoint',
      withFrames(outer, frame({ func: 1, site: 'entry', offset: 999 })),
    ],
    [
      'another kind at the offset',
      'has no entry safepoint',
      withFrames(outer, { ...inner, site: 'entry', targetLoop: -1 }),
    ],
    ['a target that is no loop', 'which is no loop', withFrames(outer, { ...inner, targetLoop: 18 })],
    [
      'a target that is not around',
      'which is not around it',
      withFrames(outer, { ...inner, targetLoop: 12 }),
    ],
    [
      'a target that the branch does not name',
      'no branch to the loop',
      withFrames(outer, { ...inner, targetLoop: 15 }),
    ],
    [
      'a missing value',
      'frame 1: 3 values, but 4 live',
      withFrames(outer, { ...inner, values: inner.values.slice(1) }),
    ],
    ['a spare value', 'frame 0: 2 values, but 1', withFrames(frame({ values: [i32(1), i32(2)] }), inner)],
    [
      'a local of another type',
      'frame 1, value 1: a value of type f64',
      withFrames(outer, { ...inner, values: [i32(2), f64, f64, i64(7)] }),
    ],
    [
      'an operand of another type',
      'frame 1, value 3: a value of type f64',
      withFrames(outer, { ...inner, values: [i32(2), f32, f64, f64] }),
    ],
    [
      'an outermost function that returns something else',
      'function 3 does not return',
      withFrames(frame({ func: 3, site: 'entry', offset: 1 })),
    ],
    [
      'a callee that returns something else',
      'frame 1: function 4 does not return',
      withFrames(outer, frame({ func: 4, site: 'entry', offset: 1 })),
    ],
    [
      'a pending call of a guest function',
      'no imported function',
      { ...withFrames(outer), pendingCall: { func: 1, args: [i32(0)] } },
    ],
    [
      'a pending call with other arguments',
      'argument 0 of the pending',
      { ...withFrames(outer), pendingCall: { func: 0, args: [f32] } },
    ],
    [
      'a pending call without arguments',
      '0 arguments of the pending',
      { ...withFrames(outer), pendingCall: { func: 0, args: [] } },
    ],
  ];
  for (const [name, message, document] of cases) {
    it(name, () => expect(refusal(document)).toEqual(['mismatch', expect.stringContaining(message)]));
  }

  it('refuses an exception of a tag that there is not', () => {
    expect(refusal({ ...good, exceptions: [{ tag: 0, args: [] }] })[0]).toBe('mismatch');
  });

  it('says what it does not support', () => {
    const allocated = { ...root, state: 'allocated' as const, typeIndex: 0, activations: [] };
    expect(refusal({ ...good, continuations: [root, allocated] })[0]).toBe('unsupported');
  });

  it('keeps the rules that need no module', () => {
    expect(refusal(withFrames(inner, outer))[0]).toBe('malformed');
  });

  it('does work that does not depend on frames times code', async () => {
    const body = 'i32.const 0 drop '.repeat(100000);
    const long = compile(`(module (func $f (result i32) (call $f) drop ${body} (call $f)))`);
    const frames = Array.from({ length: 20000 }, () => frame({ func: 0, offset: 1 }));
    const document: SnapshotDocument = {
      ...EMPTY_DOCUMENT,
      wasmHash: moduleHash(long.bytes),
      continuations: [
        { ...root, entryFunc: 0, activations: [...frames, frame({ func: 0, site: 'entry', offset: 1 })] },
      ],
    };
    const work = await workOf(() => verify(document, long));
    expect(work).toBeLessThan(40 * (frames.length + long.bytes.length));
  });
});
