/** Things that come and go inside QuickJS: `make` makes many of a kind, and holds none of them. */
import {
  Execution,
  Func,
  i32,
  instantiate,
  instantiatePaused,
  Module,
  restore,
  Store,
  snapshot,
} from '../index';

/** Bytes of a module whose `run` reads and writes memory n times, and of one with a long body. */
interface Given {
  readonly small: readonly number[];
  readonly large: readonly number[];
}
interface Order {
  readonly kind: string;
  readonly many: number;
}
interface Modules {
  readonly bytes: Uint8Array;
  readonly small: Module;
  readonly large: Module;
  /** `small` in its loop. */
  readonly stopped: Uint8Array;
}
let modules: Modules;

function running(module: Module, turns: number): Execution {
  const func = instantiate(new Store(), module, []).exports.get('run');
  if (!(func instanceof Func)) throw new Error('no run');
  return new Execution(func, [i32(turns)]);
}

export function prepare(line: string): Promise<string> {
  const given = JSON.parse(line) as Given;
  const bytes = Uint8Array.from(given.small);
  const small = Module.decode(bytes);
  const execution = running(small, 1000);
  execution.run({ fuel: 100 });
  const large = Module.decode(Uint8Array.from(given.large));
  modules = { bytes, small, large, stopped: snapshot(execution) };
  return Promise.resolve('');
}

const weakly = new WeakMap<object, object>();

function one(kind: string): void {
  const { bytes, small, large, stopped } = modules;
  switch (kind) {
    case 'modules':
      Module.decode(bytes);
      return;
    case 'modules that have run':
      running(Module.decode(bytes), 3).run();
      return;
    case 'instances that have run':
      running(small, 3).run();
      return;
    case 'instances in the middle of a loop':
      if (running(small, 1000).run({ fuel: 100 }).kind !== 'paused') throw new Error('it has ended');
      return;
    case 'instances in the middle of making code':
      if (running(large, 3).run({ deadline: () => true }).kind !== 'paused') throw new Error('it has ended');
      return;
    case 'restored instances':
      restore(stopped, instantiatePaused(new Store(), small, [])).run({ fuel: 10 });
      return;
    case 'circles': {
      const circle: { own?: object } = {};
      circle.own = circle;
      return;
    }
    case 'values that lead to their weak keys': {
      const key = {};
      weakly.set(key, { key });
      return;
    }
    default:
      throw new Error(`there is no ${kind}`);
  }
}

export function make(line: string): Promise<string> {
  const { kind, many } = JSON.parse(line) as Order;
  for (let k = 0; k < many; k++) one(kind);
  return Promise.resolve('');
}
