/** wasi-nn as a companion of a guest's `Wasi`. */
import type { Companion, CompanionCall } from '../wasi/companion';
import { CALLS } from './calls';
import { Graphs } from './graphs';

/**
 * wasi-nn for one guest: a companion of its `Wasi`. A graph is loaded again where the guest goes on; a computation that has ended travels as
 * its outputs, and one under way is begun again there.
 */
export class WasiNn extends Graphs implements Companion {
  /** Of its part of a saved state. */
  readonly name = 'wasi-nn';

  /** The function behind an import of `wasi_ephemeral_nn` or `wasi_nn`. */
  find(module: string, name: string): CompanionCall | undefined {
    const rows = Object.hasOwn(CALLS, module) ? CALLS[module] : undefined;
    const row = rows !== undefined && Object.hasOwn(rows, name) ? rows[name] : undefined;
    return row && { params: row.params, handler: (call) => row.handler(this, call) };
  }
}
