import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../decoder/utf8';
import { decode } from './decode';
import { EMPTY_DOCUMENT, type SnapshotDocument } from './document';
import { embedSnapshot, extractSnapshot, removeSnapshot } from './embed';
import { listSnapshots } from './embedded';
import { encode } from './encode';
import { moduleHash } from './identity';
import { refusal } from './testing';
import { u64, u64Hex } from './u64';
import { xxh64 } from './xxh64';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const TYPES = [1, 4, 1, 0x60, 0, 0];
const FUNCTIONS = [3, 2, 1, 0];
const CODE = [10, 4, 1, 2, 0, 0x0b];

function custom(name: string, body: Iterable<number> = []): number[] {
  const title = encodeUtf8(name);
  const content = [title.length, ...title, ...body];
  return [0, content.length | 0x80, content.length >> 7, ...content];
}
function module(...sections: number[][]): Uint8Array {
  return Uint8Array.from([...HEADER, ...sections.flat()]);
}
const plain = module(TYPES, FUNCTIONS, CODE);

function snapshotOf(wasm: Uint8Array, more: Partial<SnapshotDocument> = {}): Uint8Array {
  return encode({
    ...EMPTY_DOCUMENT,
    wasmHash: moduleHash(wasm),
    continuations: [
      {
        state: 'suspended',
        typeIndex: -1,
        entryFunc: 0,
        resumeThrow: -1,
        boundCount: 0,
        boundArgs: [],
        activations: [{ func: 0, site: 'entry', offset: 1, targetLoop: -1, values: [], targetCont: -1 }],
      },
    ],
    ...more,
  });
}

describe('module identity', () => {
  it('covers the non-custom sections with their framing, and nothing else', () => {
    expect(moduleHash(plain)).toEqual(xxh64(Uint8Array.from([...TYPES, ...FUNCTIONS, ...CODE])));
    const named = module(custom('name', [1, 2, 3]), TYPES, custom('x'), FUNCTIONS, CODE, custom('y'));
    expect(moduleHash(named)).toEqual(moduleHash(plain));
    const reframed = module(TYPES, [3, 0x82, 0, 1, 0], CODE);
    expect(moduleHash(reframed)).not.toEqual(moduleHash(plain));
    expect(u64Hex(moduleHash(module()))).toBe('ef46db3751d8e999');
  });
  it('refuses what is no module', () => {
    expect(refusal(() => moduleHash(Uint8Array.of(0, 0x61)))).toEqual([
      'malformed',
      expect.stringContaining('not a version 1'),
    ]);
    expect(refusal(() => moduleHash(module([1, 9, 0])))).toEqual([
      'malformed',
      expect.stringContaining('sections'),
    ]);
  });
});

describe('embedding', () => {
  const snapshot = snapshotOf(plain);

  it('puts a snapshot into the module and takes it out again', () => {
    const carrier = embedSnapshot(plain, snapshot);
    expect(carrier.subarray(0, plain.length)).toEqual(plain);
    expect(extractSnapshot(carrier)).toEqual(snapshot);
    expect(listSnapshots(carrier)).toEqual([{ name: '', duplicate: false, size: snapshot.length - 8 }]);
    expect(embedSnapshot(plain, snapshot.subarray(8))).toEqual(carrier);
    expect(decode(extractSnapshot(carrier))).toEqual(decode(snapshot));
    expect(removeSnapshot(carrier)).toEqual(plain);
  });

  it('replaces the one of the same name only', () => {
    const later = snapshotOf(plain, { timestampMs: u64(5, 0) });
    let carrier = embedSnapshot(embedSnapshot(plain, snapshot), snapshot, 'init');
    carrier = embedSnapshot(carrier, later, '');
    expect(listSnapshots(carrier).map(({ name }) => name)).toEqual(['init', '']);
    expect(extractSnapshot(carrier)).toEqual(later);
    expect(extractSnapshot(carrier, 'init')).toEqual(snapshot);
    expect(embedSnapshot(carrier, later)).toEqual(carrier);
  });

  it('knows its section names', () => {
    const odd = module(custom('snapshot.'), custom('snapshots'), custom('snapshot.ä', [1]), TYPES);
    expect(listSnapshots(odd)).toEqual([{ name: 'ä', duplicate: false, size: 1 }]);
    expect(listSnapshots(module([0, 2, 1, 0xff]))).toEqual([]);
  });

  it('refuses to choose between two of one name, and lets the others be', () => {
    const once = embedSnapshot(embedSnapshot(plain, snapshot, 'a'), snapshot);
    const twice = Uint8Array.from([...once, ...custom('snapshot.a', snapshot.subarray(8))]);
    expect(listSnapshots(twice).map(({ name, duplicate }) => [name, duplicate])).toEqual([
      ['a', true],
      ['', false],
    ]);
    const complaint = ['malformed', "the module carries more than one snapshot 'a'"];
    expect(refusal(() => extractSnapshot(twice, 'a'))).toEqual(complaint);
    expect(refusal(() => embedSnapshot(twice, snapshot, 'a'))).toEqual(complaint);
    expect(extractSnapshot(twice)).toEqual(snapshot);
  });

  it('refuses a snapshot of another module, both ways', () => {
    const other = module(TYPES, FUNCTIONS, [10, 5, 1, 3, 0, 1, 0x0b]);
    expect(refusal(() => embedSnapshot(other, snapshot))[0]).toBe('mismatch');
    const smuggled = Uint8Array.from([...other, ...custom('snapshot', snapshot.subarray(8))]);
    expect(refusal(() => extractSnapshot(smuggled))[0]).toBe('mismatch');
  });

  it('refuses a postmortem, both ways', () => {
    const dump = snapshotOf(plain, { postmortem: true, continuations: [] });
    expect(refusal(() => embedSnapshot(plain, dump))[0]).toBe('unsupported');
    const smuggled = Uint8Array.from([...plain, ...custom('snapshot', dump.subarray(8))]);
    expect(refusal(() => extractSnapshot(smuggled))[0]).toBe('unsupported');
  });

  it('refuses bytes that are no snapshot, and names that are not there', () => {
    expect(refusal(() => embedSnapshot(plain, snapshot.subarray(0, -1)))[0]).toBe('malformed');
    expect(refusal(() => extractSnapshot(plain))).toEqual([
      'missing',
      'the module carries no default snapshot',
    ]);
    expect(refusal(() => removeSnapshot(plain, 'b'))).toEqual([
      'missing',
      "the module carries no snapshot 'b'",
    ]);
  });
});
