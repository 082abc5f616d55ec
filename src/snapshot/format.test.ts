import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { expandMemory } from './chunks';
import { decode, decodeMeta } from './decode';
import {
  type Activation,
  type ContinuationRecord,
  EMPTY_DOCUMENT,
  isStored,
  nullRef,
  type SnapshotDocument,
  type TypedValue,
} from './document';
import { encode, encodeSections } from './encode';
import { Random, randomDocument } from './testing';
import { u64, u64FromHex } from './u64';

const HEADER = '00 64 6d 70 01 00 00 00';
function hex(text: string): Uint8Array {
  const digits = text.replace(/\/\/.*$/gm, '').replace(/\s+/g, '');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
function container(text: string): Uint8Array {
  return hex(HEADER + text);
}

const entry: Activation = { func: 0, site: 'entry', offset: 1, targetLoop: -1, values: [], targetCont: -1 };
const root: ContinuationRecord = {
  state: 'suspended',
  typeIndex: -1,
  entryFunc: 0,
  resumeThrow: -1,
  boundCount: 0,
  boundArgs: [],
  activations: [entry],
};
const minimal: SnapshotDocument = { ...EMPTY_DOCUMENT, continuations: [root] };
const i32 = (lo: number): TypedValue => ({ type: 'i32', lo, hi: 0 });

/** Meta of a resumable snapshot with one continuation and nothing else. */
const META = '00 08 00 00 00 01 00 00 00 00 ';
/** A root paused at the entry of function 0. */
const ROOT = `06 11
  01 00 01 01 ff ff ff ff 0f 00 00 00 // one continuation: id 0, suspended, root, no type, entry 0, no exception, nothing bound
  01 00 04 01 00                      // one frame: function 0 at its entry, offset 1, no values
`;

/** Accepts the error and gives its text. */
function refusal(bytes: Uint8Array): string {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('golden bytes', () => {
  const cases: [string, string, SnapshotDocument][] = [
    ['a postmortem of nothing', '00 08 01 00 00 00 00 00 00 00', { ...EMPTY_DOCUMENT, postmortem: true }],
    ['a root at an entry', META + ROOT, minimal],
    [
      'every store section',
      `00 13
         00                            // resumable
         80 d0 95 ff bc 31             // 1 700 000 000 000 ms
         88 ef cd ab 01                // hash 0x15737788
         01 00                         // one continuation, no exceptions
         80 80 04 02 00                // 65536 bytes, 2 elements, no stacks
       01 13
         02                            // two memories
         00 00 10 01                   // memory 0 is itself: pages of 2^16 bytes, one of them
         01 03 03 61 62 63             // raw 'abc' at 3
         02 80 02 80 01                // 128 times 0xFF at 256
         00                            // end
         01 00                         // memory 1 is memory 0
       02 09
         01 00 00 70 02                // one table of funcref with two elements
         00                            // null
         01 ac 02                      // function 300
       03 1b
         04                            // four globals
         00 7f 7f                      // i32 -1
         01 7e 80 80 80 80 10          // i64 2^32
         02 7d 00 00 c0 7f             // f32 nan
         03 7c 18 2d 44 54 fb 21 09 40 // f64 pi
       04 05 02 01 00 01 01
       06 11 01 00 01 01 ff ff ff ff 0f 00 00 00 01 00 04 01 00
       07 02 68 69`,
      {
        ...minimal,
        timestampMs: u64(1700000000000 % 2 ** 32, Math.floor(1700000000000 / 2 ** 32)),
        wasmHash: u64FromHex('15737788')!,
        memories: [
          {
            sameAs: undefined,
            pageBits: 16,
            pages: 1,
            chunks: [
              { kind: 'raw', offset: 3, bytes: hex('616263') },
              { kind: 'ones', offset: 256, length: 128 },
            ],
          },
          { sameAs: 0 },
        ],
        tables: [{ sameAs: undefined, type: 'funcref', elements: Int32Array.of(-1, -1, 300, 0) }],
        globals: [
          i32(-1),
          { type: 'i64', lo: 0, hi: 1 },
          { type: 'f32', lo: 0x7fc00000, hi: 0 },
          { type: 'f64', lo: 0x54442d18, hi: 0x400921fb },
        ],
        segments: { dataDropped: hex('01 00'), elemDropped: hex('01') },
        hostState: hex('68 69'),
      },
    ],
  ];
  for (const [name, text, document] of cases) {
    it(name, () => {
      const bytes = container(text);
      expect(Buffer.from(encode(document)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      expect(decode(bytes)).toEqual(document);
      expect(decode(bytes.subarray(8))).toEqual(document);
      expect(encodeSections(document)).toEqual(bytes.subarray(8));
    });
  }
});

describe('reading', () => {
  it('takes the sections after Meta in any order', () => {
    const document = decode(container(`${META} 07 01 68 ${ROOT} 03 04 01 00 7f 05`));
    expect(document.globals).toEqual([i32(5)]);
    expect(encode(document)).toEqual(container(`${META} 03 04 01 00 7f 05 ${ROOT} 07 01 68`));
  });

  it('takes any chunking: overlapping, empty, out of order', () => {
    const meta = '00 0a 00 00 00 01 00 80 80 04 00 00';
    const chunks = '02 08 04 01 00 00 02 04 02 01 05 03 61 62 63 00';
    const { memories } = decode(container(`${meta} 01 15 01 00 00 10 01 ${chunks} ${ROOT}`));
    const memory = memories[0];
    if (!isStored(memory)) throw new Error('not stored');
    expect([...expandMemory(memory).subarray(3, 13)]).toEqual([0, 0xff, 97, 98, 99, 255, 255, 255, 255, 0]);
  });

  it('keeps sections that it does not know', () => {
    const bytes = container(`${META} ${ROOT} c8 02 01 02`);
    expect(decode(bytes).extras).toEqual([{ id: 200, bytes: hex('01 02') }]);
    expect(encode(decode(bytes))).toEqual(bytes);
  });

  it('takes long forms of integers', () => {
    expect(decode(container(`00 0a 80 00 80 00 00 01 00 00 00 00 ${ROOT}`))).toEqual(minimal);
  });

  it('reads Meta alone', () => {
    expect(decodeMeta(container(`${META} ff ff`))).toMatchObject({ continuations: 1, postmortem: false });
  });

  it('reads and writes a pending host call, which is ours', () => {
    const call = { ...entry, site: 'call' as const };
    const document = {
      ...minimal,
      continuations: [{ ...root, activations: [call] }],
      pendingCall: { func: 3, args: [i32(7), nullRef('externref')] },
    };
    const bytes = encode(document);
    expect(Buffer.from(bytes.subarray(-15)).toString('hex')).toBe('740d74737761736d0203027f076f00');
    expect(decode(bytes)).toEqual(document);
    // Our first version had no magic.
    const old = Uint8Array.from([...bytes.subarray(0, -15), 0x74, 7, 1, 3, 2, 0x7f, 7, 0x6f, 0]);
    expect(decode(old)).toEqual(document);
    // With another version, or with bytes left over, it is none of ours, and the frame waits for nothing.
    for (const body of [
      [2, 3, 2, 0x7f, 7, 0x6f, 0],
      [1, 3, 2, 0x7f, 7, 0x6f, 0, 0],
    ]) {
      const other = Uint8Array.from([...bytes.subarray(0, -15), 0x74, body.length, ...body]);
      expect(refusal(other)).toContain('without a pending host call');
    }
  });

  it("passes over another producer's section with our id", () => {
    const r = new Random(7);
    const good = encode(minimal);
    for (let k = 0; k < 500; k++) {
      const body = r.oneIn(3) ? Uint8Array.of(1, r.below(9), 0) : r.bytes(1 + r.below(9));
      const document = decode(Uint8Array.from([...good, 0x74, body.length, ...body]));
      expect(document).toEqual({ ...minimal, extras: [{ id: 0x74, bytes: body }] });
      expect(decode(encode(document))).toEqual(document);
    }
  });

  it('gives a document back from its bytes, and bytes from a document', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const document = randomDocument(seed);
        const bytes = encode(document);
        expect(decode(bytes)).toEqual(document);
        expect(encode(decode(bytes))).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('refusals of bytes', () => {
  const cases: [string, string, string | Uint8Array][] = [
    ['nothing', 'not a snapshot', new Uint8Array(0)],
    ['another magic', 'not a snapshot', hex('01 64 6d 70')],
    ['a short header', 'unexpected end of the header', hex('00 64 6d 70 01 00')],
    ['another version', 'version 2 of the format', hex('00 64 6d 70 02 00 00 00')],
    ['no Meta', 'no Meta section', ''],
    ['a section before Meta', 'section 7 before Meta', `07 01 68 ${META} ${ROOT}`],
    ['undefined flags', 'undefined flags 0x2', `${META.replace('00 08 00', '00 08 02')} ${ROOT}`],
    ['flags beyond the postmortem', 'undefined flags 0x3', META.replace('00 08 00', '00 08 03')],
    ['bytes left in Meta', 'does not use its whole length', `00 09 00 00 00 01 00 00 00 00 00 ${ROOT}`],
    ['a short Meta', 'unexpected end', `00 07 00 00 00 01 00 00 00 ${ROOT}`],
    ['an overlong u64', 'integer', '00 11 00 ff ff ff ff ff ff ff ff ff 7f 00 01 00 00 00 00'],
    ['a section longer than the file', 'longer than what follows', `${META} ${ROOT} 07 05 68`],
    ['an empty section', 'section 7 is empty', `${META} ${ROOT} 07 00`],
    ['an empty unknown section', 'section 200 is empty', `${META} ${ROOT} c8 00`],
    ['a section twice', 'section 3 appears twice', `${META} 03 04 01 00 7f 05 ${ROOT} 03 04 01 00 7f 05`],
    ['Meta twice', 'section 0 appears twice', `${META} ${META} ${ROOT}`],
    ['an unknown section twice', 'section 200 appears twice', `${META} ${ROOT} c8 01 01 c8 01 01`],
    ['no Continuation', 'no Continuation section', META],
    ['no root', 'without a root', '00 08 00 00 00 00 00 00 00 00'],
    ['no Exception', 'no Exception section', `00 09 00 00 00 01 01 00 00 00 05 ${ROOT}`],
    ['more exceptions than tags', 'more exceptions than tags', `00 08 00 00 00 01 05 00 00 00 ${ROOT}`],
    [
      'exceptions that Meta does not count',
      '1 exceptions, but Meta says 0',
      `${META} 05 03 01 00 00 ${ROOT}`,
    ],
    [
      'continuations that Meta does not count',
      '1 continuations, but',
      `00 08 00 00 00 02 00 00 00 00 ${ROOT}`,
    ],
    ['an empty list of globals', 'lists no global', `${META} 03 01 00 ${ROOT}`],
    ['an empty list of memories', 'lists no memory', `${META} 01 01 00 ${ROOT}`],
    ['an empty list of tables', 'lists no table', `${META} 02 01 00 ${ROOT}`],
    ['no segments', 'lists no segments', `${META} 04 02 00 00 ${ROOT}`],
    ['a drop status of 2', 'drop status', `${META} 04 03 01 02 00 ${ROOT}`],
    ['a record out of order', 'global 0 is listed as 1', `${META} 03 04 01 01 7f 05 ${ROOT}`],
    ['a record twice', 'global 1 is listed as 0', `${META} 03 07 02 00 7f 05 00 7f 05 ${ROOT}`],
    ['a skipped record', 'length out of bounds', `${META} 03 04 7f 00 7f 05 ${ROOT}`],
    ['an unknown value type', 'unknown value type 0x6e', `${META} 03 04 01 00 6e 00 ${ROOT}`],
    ['an i32 with stray bits', 'integer too large', `${META} 03 08 01 00 7f 80 80 80 80 08 ${ROOT}`],
    ['a reference of another family', 'a reference of kind 2', `${META} 03 05 01 00 70 02 01 ${ROOT}`],
    ['an unknown kind of reference', 'a reference of kind 5', `${META} 03 05 01 00 70 05 01 ${ROOT}`],
    [
      'the reserved number of null',
      'reserved number',
      `${META} 03 0e 01 00 6f 02 ff ff ff ff ff ff ff ff ff 01 ${ROOT}`,
    ],
    ['an exception that is not there', 'names nothing', `${META} 03 05 01 00 69 03 00 ${ROOT}`],
    ['a reference to the root', 'names nothing', `${META} 03 05 01 00 68 04 00 ${ROOT}`],
    ['a function beyond u32', 'names nothing', `${META} 03 09 01 00 70 01 80 80 80 80 10 ${ROOT}`],
    ['a table of numbers', 'no reference', `${META} 02 05 01 00 00 7f 00 ${ROOT}`],
    [
      'a table larger than the file',
      'length out of bounds',
      `${META} 02 09 01 00 00 70 ff ff ff ff 0f ${ROOT}`,
    ],
    [
      'a table that shares with a later one',
      'shared with index 1',
      `${META} 02 07 02 00 01 01 01 70 00 ${ROOT}`,
    ],
    [
      'a memory that shares with one that shares',
      'memory 2: shared with index 1',
      `${META} 01 0a 03 00 00 10 00 00 01 00 02 01 ${ROOT}`,
    ],
    ['a page of 2^32 bytes', 'a page of 2^32 bytes', `${META} 01 06 01 00 00 20 00 00 ${ROOT}`],
    [
      'a memory of 4 GiB',
      'below 4 GiB',
      `00 0c 00 00 00 01 00 80 80 80 80 10 00 00 01 08 01 00 00 10 80 80 04 00 ${ROOT}`,
    ],
    ['an unknown kind of chunk', 'unknown chunk kind 3', `${META} 01 07 01 00 00 10 00 03 00 ${ROOT}`],
    ['a chunk outside the memory', 'lies outside', `${META} 01 09 01 00 00 00 00 02 00 01 00 ${ROOT}`],
    [
      'a chunk whose end wraps',
      'lies outside',
      `00 0a 00 00 00 01 00 80 80 04 00 00 01 0d 01 00 00 10 01 02 f0 ff ff ff 0f 20 00 ${ROOT}`,
    ],
    ['a chunk longer than the section', 'unexpected end', `${META} 01 09 01 00 00 10 01 01 00 05 00 ${ROOT}`],
    ['a wrong total of bytes', 'total of memory bytes', `${META} 01 06 01 00 00 10 01 00 ${ROOT}`],
    ['a wrong total of elements', 'total of table elements', `${META} 02 06 01 00 00 70 01 00 ${ROOT}`],
    ['a wrong total of stacks', 'total of continuation stacks', `00 08 00 00 00 01 00 00 00 01 ${ROOT}`],
    [
      'an unknown state',
      'unknown continuation state 3',
      `${META} ${ROOT.replace('01 00 01 01 ff', '01 00 03 01 ff')}`,
    ],
    [
      'a root that denies it',
      'wrong about being the root',
      META + ROOT.replace('01 00 01 01 ff', '01 00 01 00 ff'),
    ],
    ['a flag of 2', 'wrong about being the root', META + ROOT.replace('01 00 01 01 ff', '01 00 01 02 ff')],
    [
      'a root with a type',
      'has a continuation type',
      META + ROOT.replace('ff ff ff ff 0f', '80 80 80 80 00'),
    ],
    [
      'no entry function',
      'no entry function',
      `${META} 06 15 01 00 01 01 ff ff ff ff 0f ff ff ff ff 0f 00 00 01 00 04 01 00`,
    ],
    [
      'an exception to raise that is not there',
      'pending exception is not in the snapshot',
      META + ROOT.replace('0f 00 00 00', '0f 00 03 00 00').replace('06 11', '06 12'),
    ],
    [
      'a root with an exception to raise',
      'the root has an exception to raise',
      `00 09 00 00 00 01 01 00 00 00 05 05 03 01 00 00 ${ROOT.replace('0f 00 00 00', '0f 00 03 00 00').replace('06 11', '06 12')}`,
    ],
    ['a root with bound arguments', 'root has bound', META + ROOT.replace('0f 00 00 00', '0f 00 00 01')],
    ['a finished root', 'not suspended', `${META} 06 0c 01 00 02 01 ff ff ff ff 0f 00 00 00`],
    ['no frames', 'in no function', `${META} 06 0d 01 00 01 01 ff ff ff ff 0f 00 00 00 00`],
    [
      'an unknown site',
      'unknown kind of safepoint 5',
      META + ROOT.replace('01 00 04 01 00', '01 00 05 01 00'),
    ],
    [
      'an innermost call',
      'innermost at a call site',
      META + ROOT.replace('01 00 04 01 00', '01 00 02 01 00'),
    ],
    [
      'an outer entry',
      'at a entry site, but not innermost',
      META + ROOT.replace('01 00 04 01 00', '02 00 04 01 00 00 04 01 00').replace('06 11', '06 15'),
    ],
    [
      'a loop behind its branch',
      'does not open before its branch',
      META + ROOT.replace('01 00 04 01 00', '01 00 00 01 01 00').replace('06 11', '06 12'),
    ],
    [
      'a resume of null',
      'a resume of no continuation',
      META + ROOT.replace('01 00 04 01 00', '01 00 03 01 00 00').replace('06 11', '06 12'),
    ],
    [
      'a resume of the root',
      'resumes the root',
      META + ROOT.replace('01 00 04 01 00', '01 00 03 01 00 04 00').replace('06 11', '06 13'),
    ],
    [
      'a resume of a stranger',
      'resumes no continuation',
      META + ROOT.replace('01 00 04 01 00', '01 00 03 01 00 04 07').replace('06 11', '06 13'),
    ],
    ['a postmortem with host state', 'carries host state', '00 08 01 00 00 00 00 00 00 00 07 01 68'],
    [
      'a pending call without its frame',
      'with a pending host call',
      `${META} ${ROOT} 74 09 74 73 77 61 73 6d 02 00 00`,
    ],
    [
      'another version of a pending call',
      'version 3 of the pending',
      `${META} ${ROOT} 74 09 74 73 77 61 73 6d 03 00 00`,
    ],
  ];
  for (const [name, message, text] of cases) {
    it(name, () => {
      expect(refusal(typeof text === 'string' ? container(text) : text)).toContain(message);
    });
  }

  it('says where', () => {
    expect(refusal(container(`${META} 03 04 01 00 6e 00 ${ROOT}`))).toContain('(at offset 0x16)');
  });
});
