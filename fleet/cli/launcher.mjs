#!/usr/bin/env node
// Starts the command line (dist/cli.js). Node's own requests and responses need WebAssembly: where there is none (`node --jitless`), tswasm's takes its
// place before anything else is loaded.
if (!('WebAssembly' in globalThis)) await import('./register.js');
await import('./main.js');
