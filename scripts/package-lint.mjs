/**
 * `npm run lint:package`: the package as it would be published, looked at by publint and by "are the types wrong". Its core is called directly: the
 * command line does not read packages of more than a few megabytes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, Package } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** One module each, which is copied or loaded alone: there is no CommonJS, and `require` of a new Node takes it. */
const MODULES_ONLY = ['./min', './quickjs'];

/** The files that npm would pack. */
export function packedFiles() {
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(listing)[0].files.map((file) => file.path);
}

/** What is wrong with the types, as text. */
async function typeProblems() {
  const files = Object.fromEntries(
    packedFiles().map((file) => [
      `/node_modules/${manifest.name}/${file}`,
      readFileSync(path.join(root, file)),
    ]),
  );
  const { problems } = await checkPackage(new Package(files, manifest.name, manifest.version));
  return problems
    .filter(({ kind, entrypoint }) => !(kind === 'CJSResolvesToESM' && MODULES_ONLY.includes(entrypoint)))
    .map((problem) => `types: ${JSON.stringify(problem)}`);
}

async function lintProblems() {
  const { messages } = await publint({ pkgDir: root, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, manifest)}`);
}

const found = [...(await typeProblems()), ...(await lintProblems())];
for (const problem of found) console.error(problem);
if (found.length > 0) process.exit(1);
console.log('package: nothing found by publint and attw');
