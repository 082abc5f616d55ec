/** For tests: a guest that calls wasi-nn, and a backend whose models are a number to multiply by. */
import { type Execution, Func, type Instance, instantiate, Store } from '../index';
import { compile } from '../testing';
import { Wasi, type WasiHost } from '../wasi';
import type { Tensor } from './abi';
import type { ModelSource, NnBackend } from './backend';
import type { WasiNn } from './nn';

const ZERO = { lo: 0, hi: 0 };

/** Each import under its own name, and `infer`, which does all of it, with a loop behind, where it can be paused. */
function guestText(module: 'wasi_ephemeral_nn' | 'wasi_nn'): string {
  const old = module === 'wasi_nn';
  const calls: readonly (readonly [name: string, params: number])[] = [
    ['load', old ? 4 : 5],
    ['load_by_name', 3],
    ['init_execution_context', 2],
    ['set_input', 3],
    ['compute', 1],
    ['get_output', old ? 4 : 5],
  ];
  const params = (count: number) => ' i32'.repeat(count);
  const gets = (count: number) => Array.from({ length: count }, (_, k) => `(local.get ${k})`).join(' ');
  return `(module
    ${calls.map(([name, n]) => `(import "${module}" "${name}" (func $${name} (param${params(n)}) (result i32)))`).join('\n')}
    (memory (export "memory") 2)
    ${calls
      .map(
        ([name, n]) =>
          `(func (export "${name}") (param${params(n)}) (result i32) (call $${name} ${gets(n)}))`,
      )
      .join('\n')}
    (func (export "infer") (param $model i32) (param $bytes i32) (param $tensor i32) (param $turns i32) (result i32)
      (local $k i32)
      (i32.store (i32.const 0) (local.get $model)) (i32.store (i32.const 4) (local.get $bytes))
      (if (call $load (i32.const 0) ${old ? '' : '(i32.const 1)'} (i32.const 1) (i32.const 0) (i32.const 8)) (then unreachable))
      (if (call $init_execution_context (i32.load (i32.const 8)) (i32.const 12)) (then unreachable))
      (if (call $set_input (i32.load (i32.const 12)) (i32.const 0) (local.get $tensor)) (then unreachable))
      (if (call $compute (i32.load (i32.const 12))) (then unreachable))
      (loop $pause
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $pause (i32.lt_u (local.get $k) (local.get $turns))))
      (if (call $compute (i32.load (i32.const 12))) (then unreachable))
      (i32.store (i32.const 16) (i32.const 64))
      (call $get_output (i32.load (i32.const 12)) (i32.const 0) (i32.const 1024)
        ${old ? '(i32.const 16)' : '(i32.const 64) (i32.const 16)'})))`;
}

const compiledGuests = {
  wasi_ephemeral_nn: compile(guestText('wasi_ephemeral_nn')),
  wasi_nn: compile(guestText('wasi_nn')),
};

/** A guest in a store of its own. */
export class NnGuest {
  readonly wasi: Wasi;
  readonly instance: Instance;

  constructor(
    readonly nn: WasiNn,
    module: 'wasi_ephemeral_nn' | 'wasi_nn' = 'wasi_ephemeral_nn',
  ) {
    this.wasi = new Wasi({ host: HOST, companions: [nn], blocking: false });
    const store = new Store();
    const compiled = compiledGuests[module];
    this.instance = instantiate(store, compiled, this.wasi.imports(store, compiled, Func.host));
  }

  put(at: number, bytes: Uint8Array): number {
    this.instance.memory('memory').bytes.set(bytes, at);
    return at;
  }
  words(at: number, ...values: number[]): number {
    return this.put(at, new Uint8Array(Int32Array.from(values).buffer));
  }
  u32(at: number): number {
    const { bytes } = this.instance.memory('memory');
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
  }
  floats(at: number, count: number): number[] {
    const { bytes } = this.instance.memory('memory');
    return [...new Float32Array(bytes.slice(at, at + 4 * count).buffer)];
  }
}

const HOST: WasiHost = { realtime: () => ZERO, monotonic: () => ZERO, random() {} };

/** Runs to the end, through all waits. Gives the i32. Fails where it traps. */
export async function finished(execution: Execution): Promise<number> {
  for (;;) {
    const outcome = execution.run();
    if (outcome.kind === 'done') return outcome.results[0].lo;
    if (outcome.kind === 'trapped') throw outcome.error;
    if (outcome.kind === 'waiting') await outcome.promise;
  }
}

/** A model: 8, as ONNX begins, and the factor. */
export function factorModel(factor: number): Uint8Array {
  return Uint8Array.of(8, factor);
}

/** f32 in, the same times the factor out. It counts what it did. */
export class FactorBackend implements NnBackend {
  readonly encodings = ['onnx'] as const;
  loads = 0;
  computes = 0;
  alive = 0;
  constructor(private readonly isAsync = true) {}

  load({ parts }: ModelSource) {
    const [model] = parts;
    if (model.length !== 2 || model[0] !== 8) throw new RangeError('not a model');
    this.loads++;
    this.alive++;
    const compute = (inputs: readonly (Tensor | undefined)[]) => {
      const input = inputs[0];
      if (input?.type !== 'f32') throw new TypeError('f32 is expected');
      this.computes++;
      const data = new Uint8Array(
        new Float32Array(input.data.slice().buffer).map((x) => x * model[1]).buffer,
      );
      const outputs: readonly Tensor[] = [{ ...input, data }];
      return this.isAsync ? Promise.resolve(outputs) : outputs;
    };
    const dispose = () => {
      this.alive--;
    };
    const loaded = { compute, dispose };
    return this.isAsync ? Promise.resolve(loaded) : loaded;
  }
}
