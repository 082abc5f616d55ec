/**
 * tswasm, but every call stops at each n-th safepoint, gives up control, and goes on. What it computes must not depend on that.
 * An adapter that writes a snapshot at each stop and goes on from it in another store has the same shape.
 */
import type { Module } from '../../src/decoder/index';
import { Execution } from '../../src/interpreter/index';
import {
  type Extern,
  type Func,
  type Instance,
  instantiatePaused,
  type Value as WasmValue,
} from '../../src/runtime/index';
import type { Engine } from '../engine';
import { useCompactFactories, useFreshFactories, useFullFactories } from './factory-sets';
import { featuresFor, TswasmSession, tswasmEngine } from './tswasm';

/** A stop costs as much as the stack is deep: after so many, the next ones are four times as far apart. */
const MANY_STOPS = 64;
export interface Stepping {
  readonly step: number;
  /** With the full set of factories, and what runs long is lowered again and entered at a safepoint, as on Node. */
  readonly hot: boolean;
}

class SteppedSession extends TswasmSession {
  constructor(
    script: string,
    readonly stepping: Stepping,
  ) {
    super(featuresFor(script));
    if (stepping.hot) useFullFactories(true);
  }

  close(): void {
    useCompactFactories();
  }

  protected override link(module: Module, imports: readonly Extern[]): Instance {
    const instance = instantiatePaused(this.store, module, imports);
    if (instance.startFunc) this.call(instance.startFunc, []);
    return instance;
  }

  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    const execution = new Execution(func, args);
    for (let stops = 1; ; stops++) {
      const outcome = execution.run({ fuel: this.stepping.step * 4 ** Math.floor(stops / MANY_STOPS) });
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

/** All of it with other factories. */
function madeOf(name: string, use: () => void): Engine {
  class Session extends TswasmSession {
    constructor(script: string) {
      super(featuresFor(script));
      use();
    }
    close(): void {
      useCompactFactories();
    }
  }
  return { ...tswasmEngine, name, open: (script) => new Session(script) };
}

/** With the full set of closure factories (src/factories.ts), which has many fused forms. */
export const fullEngine = madeOf('tswasm-full', () => useFullFactories(false));
/** With factories that nothing else uses, as hot code on Node is: trees of vectors are loops there. */
export const freshEngine = madeOf('tswasm-fresh', useFreshFactories);
