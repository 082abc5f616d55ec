/** Rules between records, tried on documents: what `encode` refuses to write. Those that need bytes to break are in format.test.ts. */
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { decode } from './decode';
import {
  type Activation,
  type ContinuationRecord,
  EMPTY_DOCUMENT,
  type SiteKind,
  type SnapshotDocument,
  type TypedValue,
} from './document';
import { encode } from './encode';

const frame = (site: SiteKind, more: Partial<Activation> = {}): Activation => ({
  func: 0,
  site,
  offset: 9,
  targetLoop: site === 'loop' ? 3 : -1,
  values: [],
  targetCont: -1,
  ...more,
});
const resume = (targetCont: number) => frame('resume', { targetCont });
const root = (...activations: Activation[]): ContinuationRecord => ({
  ...suspended(...activations),
  typeIndex: -1,
});
function suspended(...activations: Activation[]): ContinuationRecord {
  return {
    state: 'suspended',
    typeIndex: 7,
    entryFunc: 0,
    resumeThrow: -1,
    boundCount: 0,
    boundArgs: [],
    activations,
  };
}
const allocated: ContinuationRecord = { ...suspended(), state: 'allocated' };
const finished: ContinuationRecord = { ...suspended(), state: 'finished' };
const document = (...continuations: ContinuationRecord[]): SnapshotDocument => ({
  ...EMPTY_DOCUMENT,
  continuations,
});
const i32: TypedValue = { type: 'i32', lo: 1, hi: 0 };
const exception = { tag: 0, args: [] };

function refusal(doc: SnapshotDocument): string {
  try {
    encode(doc);
  } catch (error) {
    if (error instanceof SnapshotError && error.kind === 'malformed') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('documents that are fine', () => {
  const cases: [string, SnapshotDocument][] = [
    ['a root in three functions', document(root(frame('call'), frame('call'), frame('loop')))],
    [
      'a root that resumes one that resumes another',
      document(root(resume(1)), suspended(resume(2)), suspended(frame('entry'))),
    ],
    [
      'a chain that does not follow the ids',
      document(root(resume(2)), suspended(frame('loop')), suspended(resume(1))),
    ],
    ['a captured continuation', document(root(frame('entry')), suspended(frame('call'), frame('suspend')))],
    [
      'one captured through another',
      document(root(frame('entry')), suspended(resume(2)), suspended(frame('suspend'))),
    ],
    [
      'bound arguments',
      document(
        root(frame('entry')),
        { ...allocated, boundCount: 1, boundArgs: [i32] },
        { ...suspended(frame('suspend', { values: [i32, i32] })), boundCount: 2 },
      ),
    ],
    [
      'an exception to raise',
      { ...document(root(frame('entry')), { ...allocated, resumeThrow: 0 }), exceptions: [exception] },
    ],
    [
      'a reference to a continuation that a resume runs',
      {
        ...document(root(resume(1)), suspended(frame('loop'))),
        globals: [{ type: 'contref', lo: 1, hi: 0 }],
      },
    ],
    ['a postmortem with continuation 0', { ...document(allocated, finished, suspended()), postmortem: true }],
    [
      'a postmortem that names continuation 0',
      { ...document(allocated), postmortem: true, globals: [{ type: 'contref', lo: 0, hi: 0 }] },
    ],
  ];
  for (const [name, doc] of cases) it(name, () => expect(decode(encode(doc))).toEqual(doc));
});

describe('documents that break a rule', () => {
  const entry = frame('entry');
  const cases: [string, string, SnapshotDocument][] = [
    ['no root', 'without a root', document()],
    ['a root that is not suspended', 'not suspended', document(allocated)],
    [
      'an outer frame at a loop',
      'frame 0: at a loop site, but not innermost',
      document(root(frame('loop'), entry)),
    ],
    [
      'an outer frame at a resume',
      'at a resume site, but not innermost',
      document(root(resume(1), entry), suspended(entry)),
    ],
    ['an innermost call', 'innermost at a call site', document(root(entry), suspended(frame('call')))],
    [
      'two resumes of one',
      'resumed by two frames',
      document(root(resume(2)), suspended(resume(2)), suspended(entry)),
    ],
    ['a ring of resumes', 'cyclic', document(root(entry), suspended(resume(2)), suspended(resume(1)))],
    ['a resume of itself', 'cyclic', document(root(entry), suspended(resume(1)))],
    ['a resume of the root', 'resumes the root', document(root(entry), suspended(resume(0)))],
    ['a resume of one that is not suspended', 'not suspended', document(root(resume(1)), allocated)],
    [
      'a target loop behind the branch',
      'does not open before',
      document(root(frame('loop', { targetLoop: 9 }))),
    ],
    ['a captured continuation at an entry', 'captured, but not', document(root(entry), suspended(entry))],
    [
      'one captured through one at a loop',
      'captured, but not',
      document(root(entry), suspended(resume(2)), suspended(frame('loop'))),
    ],
    [
      'arguments bound to a resumed one',
      'but has bound',
      document(root(resume(1)), { ...suspended(entry), boundCount: 1 }),
    ],
    [
      'more bound than there is',
      'more bound',
      document(root(entry), { ...suspended(frame('suspend')), boundCount: 1 }),
    ],
    [
      'a finished one with bound arguments',
      'finished but has bound',
      document(root(entry), { ...finished, boundCount: 1 }),
    ],
    ['a count without arguments', 'do not match', document(root(entry), { ...allocated, boundCount: 1 })],
    [
      'a finished one with frames',
      'finished, but has frames',
      document(root(entry), { ...finished, activations: [entry] }),
    ],
    [
      'an allocated one with frames',
      'allocated, but has frames',
      document(root(entry), { ...allocated, activations: [entry] }),
    ],
    ['a suspended one without', 'in no function', document(root(entry), suspended())],
    [
      'a non-root without a type',
      'names no continuation type',
      document(root(entry), { ...allocated, typeIndex: -1 }),
    ],
    [
      'no entry function',
      'names no entry function',
      document(root(entry), { ...allocated, entryFunc: 0xffffffff }),
    ],
    [
      'a missing exception to raise',
      'pending exception',
      document(root(entry), { ...allocated, resumeThrow: 0 }),
    ],
    [
      'a finished one with an exception',
      'finished but has an exception',
      { ...document(root(entry), { ...finished, resumeThrow: 0 }), exceptions: [exception] },
    ],
    ['a postmortem with frames', 'frames', { ...document(suspended(entry)), postmortem: true }],
    [
      'a postmortem with bound arguments',
      'bound arguments',
      { ...document({ ...allocated, boundCount: 1, boundArgs: [i32] }), postmortem: true },
    ],
    ['half an i64', 'high bits', { ...document(root(entry)), globals: [{ type: 'i32', lo: 0, hi: 1 }] }],
    [
      'words that are not int32',
      'not int32',
      { ...document(root(entry)), globals: [{ type: 'i32', lo: 0xffffffff, hi: 0 }] },
    ],
    [
      'a vector without bytes',
      'sixteen bytes',
      { ...document(root(entry)), globals: [{ type: 'v128', lo: 0, hi: 0 }] },
    ],
    [
      'a table of missing exceptions',
      'element 1 names no exnref',
      {
        ...document(root(entry)),
        tables: [{ sameAs: undefined, type: 'exnref', elements: Int32Array.of(-1, -1, 0, 0) }],
      },
    ],
    [
      'an extra section with a known id',
      'not an extra',
      { ...document(root(entry)), extras: [{ id: 3, bytes: new Uint8Array(1) }] },
    ],
    [
      'an empty extra section',
      'is empty',
      { ...document(root(entry)), extras: [{ id: 9, bytes: new Uint8Array(0) }] },
    ],
  ];
  for (const [name, message, doc] of cases) it(name, () => expect(refusal(doc)).toContain(message));
});
