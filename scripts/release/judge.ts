/** What must hold before a version is published, without doing anything: texts and listings in, complaints out. None is good. */

/** A section of CHANGELOG.md: `## 1.2.3, 2026-11-27`, or `## 1.2.3, not yet released`. */
export interface Section {
  readonly version: string;
  /** As in `2026-11-27`; undefined while it is not released. */
  readonly date: string | undefined;
  readonly body: string;
}

export const UNRELEASED = 'not yet released';
const HEADING = /^## (\d+\.\d+\.\d+(?:-[0-9a-z.-]+)?), (.+)$/i;

/** The sections, newest first. Throws for a heading that is none. */
export function changelogSections(text: string): Section[] {
  const sections: Section[] = [];
  for (const part of text.split(/^(?=## )/m).filter((one) => one.startsWith('## '))) {
    const [heading, ...lines] = part.split('\n');
    const found = HEADING.exec(heading);
    if (found === null || !(found[2] === UNRELEASED || /^\d{4}-\d\d-\d\d$/.test(found[2]))) {
      throw new Error(
        `CHANGELOG.md: '${heading}': expected '## VERSION, DATE' or '## VERSION, ${UNRELEASED}'`,
      );
    }
    const date = found[2] === UNRELEASED ? undefined : found[2];
    sections.push({ version: found[1], date, body: lines.join('\n').trim() });
  }
  return sections;
}

/** The text with the date in the first heading. */
export function dated(text: string, date: string): string {
  return text.replace(`, ${UNRELEASED}`, `, ${date}`);
}

function parts(version: string): { numbers: number[]; pre: string | undefined } {
  const [core, ...pre] = version.split('-');
  return { numbers: core.split('.').map(Number), pre: pre.length === 0 ? undefined : pre.join('-') };
}

/** Versions that may come after this one (semver): the next patch, minor and major. */
export function successors(version: string): string[] {
  const {
    numbers: [major, minor, patch],
    pre,
  } = parts(version);
  // What was tried out becomes the version itself.
  if (pre !== undefined) return [`${major}.${minor}.${patch}`];
  return [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`];
}

/** Whether the changelog announces a version that can be the next one. */
export function judgeChangelog(sections: readonly Section[], tags: readonly string[]): string[] {
  const [top, before] = sections;
  if (top === undefined)
    return ['CHANGELOG.md has no section: say what is new under ## VERSION, not yet released'];
  const found: string[] = [];
  if (top.date !== undefined)
    found.push(
      `CHANGELOG.md: the newest section, ${top.version}, was released on ${top.date}; write one for the next version`,
    );
  if (top.body === '') found.push(`CHANGELOG.md: the section of ${top.version} says nothing`);
  if (tags.includes(`v${top.version}`)) found.push(`there is a tag v${top.version} already`);
  if (before !== undefined) {
    if (before.date === undefined)
      found.push(`CHANGELOG.md: ${before.version} is not released, and ${top.version} stands above it`);
    const { numbers, pre } = parts(top.version);
    const next = successors(before.version);
    const fits =
      next.includes(numbers.join('.')) ||
      (pre !== undefined && numbers.join('.') === parts(before.version).numbers.join('.'));
    if (!fits) found.push(`${top.version} does not follow ${before.version}: expected ${next.join(', ')}`);
  }
  return found;
}

/** Whether the manifest has the version; what was released last may be there still, and is then changed. */
export function judgeVersion(manifest: string, [top, before]: readonly Section[]): string[] {
  if (top === undefined || manifest === top.version || manifest === before?.version) return [];
  return [`package.json has version ${manifest}, CHANGELOG.md announces ${top.version}`];
}

/** `git status --porcelain`, and the branch. */
export function judgeTree(status: string, branch: string): string[] {
  const changed = status.split('\n').filter((line) => line !== '');
  const found =
    changed.length === 0 ? [] : [`the work tree is not clean:\n    ${changed.slice(0, 10).join('\n    ')}`];
  if (branch !== 'main') found.push(`releases are made from branch main, not from ${branch || 'no branch'}`);
  return found;
}

/** What vitest's JSON reporter writes, as far as it is read here. */
export interface TestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly testResults: readonly { readonly status: string; readonly name: string }[];
}

/** Whether these results are of this commit (its time in milliseconds since 1970) and say that all is well; undefined when there are none. */
export function judgeTests(results: TestResults | undefined, committed: number): string[] {
  if (results === undefined) return ['there is no result of the tests'];
  if (results.startTime < committed) return ['the last tests ran before the last commit'];
  const failed = results.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
  if (results.numPassedTests === 0) return ['no test has passed'];
  if (results.numFailedTests === 0 && failed.length === 0) return [];
  return [`${results.numFailedTests} tests failed, in ${failed.join(', ')}`];
}

/** What every package has, and what none may have. */
const WANTED = [
  'package.json',
  'README.md',
  'LICENSE',
  'NOTICE.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'dist/index.js',
];
const UNWANTED: readonly (readonly [RegExp, string])[] = [
  [/\.test\.|\/testing\./, 'is a test'],
  [/\.wasm$|\.wast$/, 'is a module or a script of the suite'],
  [/(^|\/)(node_modules|\.git|\.cache|coverage)\//, 'is no part of the package'],
  [/\.(tgz|log|dmp|cpuprofile|partial)$/, 'was left behind by a run'],
  [/^src\/|^embed\/|^scripts\/|^spec-tests\/|^bench\//, 'is a source; the maps have its text'],
];

/** The files that would be packed; `textOf` reads one. */
export function judgeFiles(files: readonly string[], textOf: (file: string) => string): string[] {
  const found = WANTED.filter((file) => !files.includes(file)).map(
    (file) => `${file} would not be in the package`,
  );
  for (const file of files) {
    for (const [pattern, why] of UNWANTED)
      if (pattern.test(file)) found.push(`${file} would be packed, and ${why}`);
    if (!/\.[cm]?js$/.test(file)) continue;
    const [, map] = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(textOf(file)) ?? [];
    const beside = map === undefined ? undefined : [...file.split('/').slice(0, -1), map].join('/');
    if (beside !== undefined && !files.includes(beside))
      found.push(`${file} names the map ${beside}, which would not be packed`);
  }
  return found;
}

/** What `npm pack --json` says. */
export interface Pack {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly shasum: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** What would be published, in a few lines. */
export function describePack(
  name: string,
  version: string,
  { size, unpackedSize, shasum, files }: Pack,
): string[] {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  const kinds = new Map<string, { count: number; bytes: number }>();
  for (const { path, size: bytes } of files) {
    const kind = /(\.d)?\.[^./]+$/.exec(path)?.[0] ?? path;
    const sum = kinds.get(kind) ?? { count: 0, bytes: 0 };
    kinds.set(kind, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }
  const rows = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes);
  return [
    `${name}@${version}: ${files.length} files, ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked, sha1 ${shasum}`,
    ...rows.map(([kind, { count, bytes }]) => `  ${kind}: ${count} files, ${megabytes(bytes)}`),
  ];
}
