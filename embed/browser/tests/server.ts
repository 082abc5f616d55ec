/** Folders as pages on this machine, with headers that say what a page may do. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** A page may run its own files, and nothing else. */
const STRICT = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'",
};

/** It may also evaluate text, and compile WebAssembly. */
export const EVALUATING = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'",
};
/** It may share memory, too. */
export const SHARING = {
  ...EVALUATING,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export class PageServer {
  private readonly server: Server;

  private constructor(folder: string, headers: Readonly<Record<string, string>>) {
    this.server = createServer(({ url }, response) => {
      const { pathname } = new URL(url!, 'http://localhost');
      const file = path.join(folder, path.normalize(pathname));
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      const type = TYPES[path.extname(file)] ?? 'text/plain';
      response.writeHead(200, { 'Content-Type': type, ...headers });
      response.end(readFileSync(file));
    });
  }

  static async start(
    folder: string,
    headers: Readonly<Record<string, string>> = STRICT,
  ): Promise<PageServer> {
    const pages = new PageServer(folder, headers);
    await new Promise<void>((resolve) => pages.server.listen(0, '127.0.0.1', resolve));
    return pages;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
