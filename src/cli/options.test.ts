import { expect, it } from 'vitest';
import { resumeCommand } from './commands/resume';
import { runCommand } from './commands/run';
import {
  closest,
  type OptionSpec,
  parseCount,
  parseDuration,
  parseOptions,
  parseSize,
  UsageError,
} from './options';

const SPECS: readonly OptionSpec[] = [
  { name: 'dir', value: 'D', repeatable: true, help: '' },
  { name: 'fuel', value: 'N', help: '' },
  { name: 'verbose', help: '' },
];

it('ends at the first other word', () => {
  const options = parseOptions(SPECS, ['--dir', 'a', '--dir=b=c', '--verbose', 'mod', '--fuel', 'x']);
  expect(options.all('dir')).toEqual(['a', 'b=c']);
  expect(options.has('verbose')).toBe(true);
  expect(options.rest).toEqual(['mod', '--fuel', 'x']);
  expect(parseOptions(SPECS, ['--', '--dir']).rest).toEqual(['--dir']);
  expect(parseOptions(SPECS, ['-', 'x']).rest).toEqual(['-', 'x']);
  expect(parseOptions(SPECS, ['m', '--verbose'], true).has('verbose')).toBe(true);
});

it.each([
  [['--dri', 'x'], 'unknown option --dri (did you mean --dir?)'],
  [['--verbos'], 'did you mean --verbose?'],
  [['--fule=3'], 'unknown option --fule (did you mean --fuel?)'],
  [['--zzzzzz'], 'unknown option --zzzzzz'],
  [['-x'], 'unknown option -x'],
  [['--fuel'], 'option --fuel needs a value'],
  [['--fuel', '1', '--fuel', '2'], 'given twice'],
  [['--verbose=1'], 'takes no value'],
])('%j is refused', (words, message) => {
  expect(() => parseOptions(SPECS, words)).toThrow(UsageError);
  expect(() => parseOptions(SPECS, words)).toThrow(message);
});

it('units', () => {
  expect(parseSize('m', '64MiB')).toBe(64 << 20);
  expect(parseSize('m', '1.5k')).toBe(1536);
  expect(parseSize('m', '3MB')).toBe(3_000_000);
  expect(parseSize('m', '12')).toBe(12);
  expect(parseDuration('t', '5s')).toBe(5000);
  expect(parseDuration('t', '250ms')).toBe(250);
  expect(parseDuration('t', '2')).toBe(2000);
  expect(parseCount('n', '10')).toBe(10);
  expect(parseCount('n', '1e6')).toBe(1_000_000);
  expect(parseCount('n', '2.5E9')).toBe(2_500_000_000);
  expect(parseCount('n', '1_000')).toBe(1000);
  for (const bad of ['', 'x', '-1', '5 s', '5x', '1e-3', '1__0']) {
    expect(() => parseSize('m', bad)).toThrow(UsageError);
    expect(() => parseDuration('t', bad)).toThrow(UsageError);
    expect(() => parseCount('n', bad)).toThrow(UsageError);
  }
  for (const bad of ['1.5', '1.5e0', '1e99', '1e16', '9007199254740993', '0x10']) {
    expect(() => parseCount('n', bad)).toThrow(UsageError);
  }
});

it('suggests what is near', () => {
  expect(closest('vaildate', ['run', 'validate', 'inspect'])).toBe('validate');
  expect(closest('insp', ['run', 'validate', 'inspect'])).toBe('inspect');
  expect(closest('banana', ['run', 'validate', 'inspect'])).toBeUndefined();
});

/** Options of `run` that `resume` has no use for, and why. */
const SETTLED: Readonly<Record<string, string>> = {
  env: 'the variables are in the snapshot',
  'allow-env': 'the variables are in the snapshot',
  argv0: 'the arguments are in the snapshot',
  deterministic: 'the clocks and the random numbers are in the snapshot',
  seed: 'the random numbers are in the snapshot',
  tcplisten: 'sockets do not travel',
  coverage: 'it runs a changed module, of which there is no snapshot',
  'cold-start': 'it is the opposite',
};

it('resume takes what run takes, but for what the snapshot settles', () => {
  const [run, resume] = [runCommand, resumeCommand].map(({ options }) => options.map(({ name }) => name));
  expect(run.filter((name) => !resume.includes(name)).sort()).toEqual(Object.keys(SETTLED).sort());
  expect(resume.filter((name) => !run.includes(name))).toEqual([]);
  for (const option of resumeCommand.options) {
    expect(runCommand.options.find(({ name }) => name === option.name)).toBe(option);
  }
});
