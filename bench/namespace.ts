/**
 * Where each engine's `WebAssembly` namespace comes from. tswasm is measured as it ships: the built package, Node's variant.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist } from './paths.ts';
import type { JsEngine, Namespace } from './protocol.ts';

interface DropIn {
  readonly WebAssembly: Namespace;
  createWebAssembly(options: { readonly tier: string }): Namespace;
}

export async function loadNamespace(engine: JsEngine, tier?: string): Promise<Namespace> {
  if (engine === 'native') return (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;
  if (engine !== 'tswasm' && engine !== 'polywasm')
    throw new Error(`no engine ${String(engine)} has a namespace`);
  const specifier =
    engine === 'tswasm' ? pathToFileURL(path.join(dist, 'webassembly.node.js')).href : 'polywasm';
  const module = (await import(specifier)) as DropIn;
  return tier === undefined ? module.WebAssembly : module.createWebAssembly({ tier });
}
