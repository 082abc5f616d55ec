/** The example page in Chromium: nothing is evaluated, and a plug-in that hangs does not hang the page. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/laws/files';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const chromium = NAMES.find((name) => spawnSync('which', [name]).status === 0);
if (chromium === undefined) console.warn(`SKIPPED: none of ${NAMES.join(', ')} is here, so no page is tried`);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

interface Report {
  readonly text: string;
  readonly stops: number;
  readonly exitCode: number;
  readonly turns: number;
}

describe.skipIf(chromium === undefined)('in Chromium', () => {
  let server: Server;
  let browser: ChildProcess | undefined;
  let report: Promise<Report>;
  const profile = mkdtempSync(path.join(tmpdir(), 'chromium-'));

  beforeAll(async () => {
    let told: (report: Report) => void;
    report = new Promise((resolve) => {
      told = resolve;
    });
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (request.method === 'POST') {
        let body = '';
        request.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        request.on('end', () => {
          told(JSON.parse(body) as Report);
          response.end();
        });
        return;
      }
      const file = path.join(root, path.normalize(pathname));
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'text/plain' });
      response.end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => browser?.once('close', resolve) ?? resolve(undefined));
    browser?.kill();
    await ended;
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  it("runs a program and stops a plug-in under script-src 'self'", { timeout: 120_000 }, async () => {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/examples/browser/index.html?report`;
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
    browser = spawn(chromium!, [...flags, url], { stdio: 'ignore' });
    const { text, stops, exitCode, turns } = await report;
    expect(text).toContain('29');
    expect([stops, exitCode]).toEqual([50, 0]);
    expect(turns).toBeGreaterThan(50);
  });
});
