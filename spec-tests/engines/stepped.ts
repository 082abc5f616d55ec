/**
 * tswasm, but every call stops at each n-th safepoint, gives up control, and goes on. What it computes must not depend on that.
 * An adapter that writes a snapshot at each stop and goes on from it in another store has the same shape.
 */
import type { Module } from '../../src/decoder/index';
import { createFactories } from '../../src/interpreter/factories.generated.js';
import {
  configureStack,
  Execution,
  type Extern,
  type Func,
  type Instance,
  instantiatePaused,
  setFreshFactories,
  type Value as WasmValue,
} from '../../src/interpreter/index';
import type { Engine } from '../engine';
import { featuresFor, TswasmSession, tswasmEngine } from './tswasm';

/** A stop costs as much as the stack is deep: after so many, the next ones are twice as far apart. */
const MANY_STOPS = 200;
/** Calls on the host's stack, as the entry for Node sets it, and as it is without. */
const HOT_NEST = 12;
const PLAIN_NEST = 4;

export interface Stepping {
  readonly step: number;
  /** What runs long is lowered again and entered at a safepoint, as on hosts that can evaluate the factories anew. */
  readonly hot: boolean;
}

class SteppedSession extends TswasmSession {
  constructor(
    script: string,
    readonly stepping: Stepping,
  ) {
    super(featuresFor(script));
    if (!stepping.hot) return;
    setFreshFactories(() => createFactories);
    configureStack({ nest: HOT_NEST });
  }

  close(): void {
    setFreshFactories(undefined);
    configureStack({ nest: PLAIN_NEST });
  }

  protected override link(module: Module, imports: readonly Extern[]): Instance {
    const instance = instantiatePaused(this.store, module, imports);
    if (instance.startFunc) this.call(instance.startFunc, []);
    return instance;
  }

  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    const execution = new Execution(func, args);
    for (let stops = 1; ; stops++) {
      const outcome = execution.run({ fuel: this.stepping.step * 2 ** Math.floor(stops / MANY_STOPS) });
      if (outcome.kind === 'done') return outcome.results;
      if (outcome.kind === 'trapped') throw outcome.error;
      if (outcome.kind === 'waiting') throw new Error('no host function of the suite makes a guest wait');
    }
  }
}

export function steppedEngine(stepping: Stepping): Engine {
  const name = `tswasm-${stepping.hot ? 'hot' : 'step'}${stepping.step}`;
  return { ...tswasmEngine, name, open: (script) => new SteppedSession(script, stepping) };
}
