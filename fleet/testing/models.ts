/** A runtime whose models are 8, as ONNX begins, and a factor: f32 in, the same times the factor out. It counts what it does. */
import type { LoadedModel, ModelSource, NnBackend, Tensor } from 'tswasm/wasi-nn';

export class FactorBackend implements NnBackend {
  readonly encodings = ['onnx'] as const;
  loads = 0;
  computes = 0;
  /** What a computation waits for. */
  before: () => Promise<void> = async () => undefined;

  load({ parts: [model] }: ModelSource): LoadedModel {
    if (model.length !== 2 || model[0] !== 8) throw new RangeError('not a model');
    this.loads++;
    return {
      compute: async ([input]) => {
        await this.before();
        if (input?.type !== 'f32') throw new TypeError('f32 is expected');
        this.computes++;
        const numbers = new Float32Array(input.data.slice().buffer).map((x) => x * model[1]);
        return [{ ...input, data: new Uint8Array(numbers.buffer) } satisfies Tensor];
      },
      dispose: () => undefined,
    };
  }
}
