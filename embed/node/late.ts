/**
 * Modules of Node's own that few runs use. Each takes a start milliseconds, so they are loaded where they are used. To import `node:fs` takes a
 * Node without a JIT 8 ms: an ES module has all its exports at once, and some of them load other modules.
 */
import { createRequire } from 'node:module';

interface Late {
  readonly 'node:fs': typeof import('node:fs');
  readonly 'node:net': typeof import('node:net');
  readonly 'node:tty': typeof import('node:tty');
  readonly 'node:v8': typeof import('node:v8');
  readonly 'node:vm': typeof import('node:vm');
}

/** Any file would do: such modules are the same everywhere. */
const load = createRequire(process.execPath);

/** The module, loaded if this is the first use. */
export function late<Name extends keyof Late>(name: Name): Late[Name] {
  return load(name) as Late[Name];
}
