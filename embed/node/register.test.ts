/** `tswasm/register`: what needs a `WebAssembly` runs on a Node without one. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { findNodes } from '../../scripts/engines.mjs';
import { root } from '../../scripts/laws/files';

const folder = path.join(root, 'node_modules/.cache/tswasm-register');
const run = promisify(execFile);

const others = findNodes();
if (others.length === 0)
  console.warn('SKIPPED: other versions of Node; node scripts/engines.mjs --nodes brings some');
const nodes = [process.execPath, ...others];

const PROGRAMS = {
  'fetch.mjs': `
    import { createServer } from 'node:http';
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => { body += chunk; });
      request.on('end', () => response.end(request.method + ' ' + body));
    }).listen(0, async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/';
      const answers = [await fetch(url), await fetch(url, { method: 'POST', body: 'x'.repeat(70000) })];
      const texts = await Promise.all(answers.map((answer) => answer.text()));
      console.log(texts[0] + texts[1].length);
      server.close();
    });`,
  'axios.mjs': `
    import { createServer } from 'node:http';
    import axios from 'axios';
    const server = createServer((request, response) => response.end('{"answer":42}')).listen(0, async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/';
      for (const adapter of ['http', 'fetch']) console.log((await axios.get(url, { adapter })).data.answer);
      server.close();
    });`,
  'sql.mjs': `
    import initSqlJs from 'sql.js';
    const { Database } = await initSqlJs();
    console.log(new Database().exec('select 6 * 7')[0].values[0][0]);`,
  'which.mjs': 'console.log(/native code/.test(WebAssembly.Module.toString()) ? "native" : "tswasm");',
  'which.cjs': 'console.log(/native code/.test(WebAssembly.Module.toString()) ? "native" : "tswasm");',
};

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(path.join(folder, name), text);
});

async function output(node: string, ...args: string[]): Promise<string> {
  const last = args.length - 1;
  args[last] = path.join(folder, args[last]);
  const { stdout } = await run(node, args, { cwd: root });
  return stdout.trim();
}

/** All of Node's own modules that a file imports before it runs, by way of other files, too. */
function importedBy(file: string, found = new Set<string>(), seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return found;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(
    /(?:^import|^\}? ?from|^import .* from) "([^"]+)";$/gm,
  )) {
    if (name.startsWith('.')) importedBy(path.join(path.dirname(file), name), found, seen);
    else found.add(name);
  }
  return found;
}

// `node:fs` is 8 ms of a start without a compiler.
it('loads no module of Node that it does not use at each start', () => {
  expect([...importedBy(path.join(root, 'dist/register.js'))].sort()).toEqual(['node:url']);
});

describe.each(nodes)('%s', (node) => {
  it.each([
    ['fetch.mjs', 'GET 70005'],
    ['axios.mjs', '42\n42'],
    ['sql.mjs', '42'],
    ['which.mjs', 'tswasm'],
  ])('without a compiler %s runs', async (name, expected) => {
    expect(await output(node, '--jitless', '--import', 'tswasm/register', name)).toBe(expected);
  });

  it('is there for require too', async () => {
    expect(await output(node, '--jitless', '--require', 'tswasm/register', 'which.cjs')).toBe('tswasm');
    expect(await output(node, '--jitless', '--require', 'tswasm/register', 'fetch.mjs')).toBe('GET 70005');
  });

  it('leaves a WebAssembly that is there, unless it is told not to', async () => {
    expect(await output(node, '--import', 'tswasm/register', 'which.mjs')).toBe('native');
    expect(await output(node, '--import', 'tswasm/register/always', 'which.mjs')).toBe('tswasm');
    expect(await output(node, '--require', 'tswasm/register/always', 'which.cjs')).toBe('tswasm');
  });
});
