/** `--nn`: models for the program, run by onnxruntime where it is installed. */
import type { Companion } from '../wasi';
import { type NnBackend, type OnnxRuntime, onnxBackend, WasiNn } from '../wasi-nn';
import { InputError, readInput } from './load';
import { type Options, UsageError } from './options';
import { complain } from './output';
import { importPackage } from './packages';

const RUNTIME = 'onnxruntime-node';

/** Makes wasi-nn with the models of --nn-model, for a world of its own each time. */
export async function nnOf(options: Options): Promise<() => Companion> {
  const models = Object.fromEntries(
    options.all('nn-model').map((text) => {
      const at = text.indexOf('::');
      if (at <= 0) throw new UsageError(`--nn-model ${text}: NAME::FILE is expected`);
      const parts = [readInput(text.slice(at + 2))];
      return [text.slice(0, at), { encoding: 'onnx', target: 'cpu', parts }] as const;
    }),
  );
  const onError = (error: unknown) => complain(`wasi-nn: ${error instanceof Error ? error.message : error}`);
  const backends = [await runtime()];
  return () => new WasiNn({ backends, models, onError });
}

async function runtime(): Promise<NnBackend> {
  let ort: unknown;
  try {
    ort = await importPackage(RUNTIME);
  } catch (error) {
    throw new InputError(
      `--nn needs the package "${RUNTIME}": npm install ${RUNTIME} (${(error as Error).message})`,
    );
  }
  const { default: whole = ort } = ort as { readonly default?: unknown };
  return onnxBackend(whole as OnnxRuntime);
}
