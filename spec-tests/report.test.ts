import { describe, expect, it } from 'vitest';
import { parseExpectedFailures, verdict, withoutParts } from './report';
import { type Cause, type FileResult, messageMatches } from './runner';

const result = (path: string, problems: number, cause: Cause = 'own'): FileResult => ({
  path,
  passed: 1,
  failed: problems,
  skipped: 0,
  textFormat: 0,
  problems: Array.from({ length: problems }, () => ({ line: 1, command: 'module', message: 'x', cause })),
  notes: [],
});

describe('expected failures', () => {
  const expected = parseExpectedFailures('# comment\n\na.wast  gc  # why\nb.wast simd\n');

  it('are read', () => {
    expect([...expected]).toEqual([
      ['a.wast', { feature: 'gc', note: 'why' }],
      ['b.wast', { feature: 'simd', note: '' }],
    ]);
  });
  it.each(['a.wast', 'a.wast memory64', 'a.wast gc\na.wast gc'])('reject %j', (text) => {
    expect(() => parseExpectedFailures(text)).toThrow('expected-failures.txt:');
  });
  it('judge a run', () => {
    expect(verdict(result('a.wast', 1, 'feature'), expected)).toBeUndefined();
    expect(verdict(result('a.wast', 1, 'follow-up'), expected)).toBeUndefined();
    expect(verdict(result('a.wast', 1, 'own'), expected)).toContain('problems that gc does not explain');
    expect(verdict(result('a.wast', 0), expected)).toContain('unexpected pass');
    expect(verdict(result('c.wast', 0), expected)).toBeUndefined();
    expect(verdict(result('c.wast', 12), expected)).toContain('and 2 more');
  });
});

it('what needs a part that a bundle leaves out is expected to fail, as far as that explains it', () => {
  const results = [result('c.wast', 1, 'feature'), result('d.wast', 1), result('e.wast', 1, 'follow-up')];
  const mixed = result('f.wast', 1, 'feature');
  const own = { ...mixed, problems: [...mixed.problems, ...result('f.wast', 1).problems] };
  const expected = withoutParts(parseExpectedFailures('b.wast simd\n'), [...results, own]);
  expect([...expected.keys()]).toEqual(['c.wast', 'f.wast', 'b.wast']);
  expect(verdict(results[0], expected)).toBeUndefined();
  for (const wrong of [results[1], results[2], own]) expect(verdict(wrong, expected)).toContain('1 problems');
});

describe('messages', () => {
  it.each([
    ['integer divide by zero', 'integer divide by zero', true],
    ['unknown type', 'unknown type 7 (at offset 0x12)', true],
    ['uninitialized element 2', 'uninitialized element', true],
    ['out of bounds', 'undefined element', false],
  ])('%j and %j', (wanted, actual, same) => {
    expect(messageMatches(wanted, actual)).toBe(same);
  });
});
