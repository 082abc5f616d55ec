/**
 * Issue 13, acceptance 7: a computation that begins in Node goes on in QuickJS, in every engine for ECMAScript 5 that is here, in Espruino, and
 * ends in Node. What is not here is Node without what that engine lacks. Each hop prints how large the snapshot is, and how long it took.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { compileFile, type Target } from '../../src/compiler/javascript/ahead';
import { loadFile, type PausableInstance } from '../../src/compiler/javascript/ahead/testing';
import { PAUSING_PROGRAMS } from '../../src/compiler/javascript/ahead/testing-pausing';
import { bytesOf, type Call } from '../../src/compiler/javascript/ahead/testing-programs';
import {
  Execution,
  type Func,
  fromJs,
  instantiatePaused,
  Module,
  Store,
  toJs,
  type Value,
} from '../../src/index';
import { restore, snapshot } from '../../src/snapshot';
import { programOf, runScript, type SmallEngine } from '../es5/tests/engines';
import { Vm } from '../quickjs/tests/vm';

/** Bytes that the module's memory really has. */
const MEMORY = 2048;
/** Text of a snapshot, and back, in JavaScript of any engine. */
const HEX = `function fromHex(s){var b=new Uint8Array(s.length/2),k;for(k=0;k<b.length;k++)b[k]=parseInt(s.substring(2*k,2*k+2),16);return b}
function toHex(b){var s='',k;for(k=0;k<b.length;k++)s+=(b[k]+256).toString(16).substring(1);return s}
function go(w,hex,fuel){w.restore(fromHex(hex));return w.run(fuel)?'result '+w.result:'hex '+toHex(w.snapshot())}`;

/** Goes on from a snapshot for a while, and gives the next one. */
interface Leg {
  readonly name: string;
  go(hex: string, fuel: number): Promise<string> | string;
}

function fileOf(module: Module, target: Target): string {
  const made = compileFile(module, { target, pausable: true, memory: MEMORY });
  if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
  return made.text;
}

function inQuickjs(module: Module): Leg {
  const source = `${fileOf(module, 'quickjs')}\n${HEX}
export function leg(text){var all=text.split(' ');return go(instantiate({}),all[0],+all[1])}`;
  return {
    name: 'quickjs',
    async go(hex, fuel) {
      const vm = await Vm.open(source);
      try {
        return await vm.call('leg', `${hex} ${fuel}`);
      } finally {
        vm.dispose();
      }
    },
  };
}

function onSmallEngine(module: Module, engine: SmallEngine): Leg {
  const text = fileOf(module, engine === 'espruino' ? 'espruino' : 'es5');
  return {
    name: engine,
    go: (hex, fuel) =>
      runScript(engine, `${text}\n${HEX}\nprint(go(wasm.instantiate({}),"${hex}",${fuel}));\n`),
  };
}

/** The same file in Node, without what the engine lacks. */
function restricted(module: Module, target: Target): Leg {
  const text = fileOf(module, target);
  return {
    name: `${target}, in Node`,
    go(hex, fuel) {
      const instance = loadFile(text, target).instantiate({}) as PausableInstance;
      instance.restore(Buffer.from(hex, 'hex'));
      if (instance.run(fuel)) return `result ${instance.result}`;
      return `hex ${Buffer.from(instance.snapshot()).toString('hex')}`;
    },
  };
}

function legsOf(module: Module): Leg[] {
  const small = (['mqjs', 'duktape', 'hermes'] as const).filter((engine) => programOf(engine) !== undefined);
  return [
    inQuickjs(module),
    ...small.map((engine) => onSmallEngine(module, engine)),
    ...(small.length === 0 ? [restricted(module, 'es5')] : []),
    programOf('espruino') === undefined ? restricted(module, 'espruino') : onSmallEngine(module, 'espruino'),
  ];
}

function begin(module: Module, [name, ...args]: Call): Execution {
  const instance = instantiatePaused(new Store(), module, []);
  const func = instance.exports.get(name) as Func;
  const values: Value[] = args.map((arg, k) => fromJs(func.type.params[k], arg));
  return new Execution(func, values);
}
function ended(execution: Execution): string {
  const outcome = execution.run();
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome.results.map((value) => String(toJs(value))).join();
}

const table: string[] = [];
afterAll(() => console.log(table.join('\n')));

describe.each([
  ['loops inside of loops, with calls between', ['run', 12] as Call, 9],
  ['calls inside of calls, with operands that wait', ['short', 30] as Call, 4],
  ['recursion, in both branches of an if', ['fib', 9] as Call, 12],
] as const)('%s', (name, call, fuel) => {
  it('goes through all engines and ends in Node, with the right result', async () => {
    const module = Module.decode(bytesOf(PAUSING_PROGRAMS[name].wat));
    const right = ended(begin(module, call));
    const first = begin(module, call);
    // The same steps without moving: what each hop must have written.
    const beside = begin(module, call);
    first.run({ fuel });
    beside.run({ fuel });
    let hex = Buffer.from(snapshot(first)).toString('hex');
    table.push(`${name}\n  node: ${hex.length / 2} bytes`);
    for (const leg of legsOf(module)) {
      const start = performance.now();
      const printed = await leg.go(hex, fuel);
      const time = Math.round(performance.now() - start);
      const found = /^>?hex (\w+)\r?$/m.exec(printed)?.[1];
      expect(found, `${leg.name}: ${printed}`).toBeDefined();
      hex = found!;
      beside.run({ fuel });
      expect(hex, leg.name).toBe(Buffer.from(snapshot(beside)).toString('hex'));
      table.push(`  ${leg.name}: ${hex.length / 2} bytes, ${time} ms with its start`);
    }
    const last = restore(Buffer.from(hex, 'hex'), instantiatePaused(new Store(), module, []));
    expect(ended(last)).toBe(right);
    table.push(`  node: ${right}`);
  });
});
