/**
 * Modules of Node's own that few runs use. Each takes a start milliseconds, so they are loaded where they are used. To import `node:fs` takes a
 * Node without a JIT 8 ms: an ES module has all its exports at once, and some of them load other modules. `node:module`, whose `require` would
 * do the same, is one of them: it takes 1.5 ms.
 */
interface Late {
  readonly 'node:fs': typeof import('node:fs');
  readonly 'node:module': typeof import('node:module');
  readonly 'node:net': typeof import('node:net');
  readonly 'node:tty': typeof import('node:tty');
  readonly 'node:v8': typeof import('node:v8');
  readonly 'node:vm': typeof import('node:vm');
}

/** The module, loaded if this is the first use. */
export function late<Name extends keyof Late>(name: Name): Late[Name] {
  return process.getBuiltinModule(name) as Late[Name];
}
