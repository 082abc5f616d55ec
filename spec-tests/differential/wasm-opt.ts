/**
 * Programs of another generator: `wasm-opt -ttf` of binaryen turns any bytes into a valid module. The tool is a program for Node, with a
 * WebAssembly module in it: that is compiled once here, and its `main` run for each program.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Script } from 'node:vm';
import { Native } from '../engines/native-api';
import { Random } from './random';

/** The parts of the host's WebAssembly that the tool's loader uses. */
interface Loader {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
}
const { compile, instantiate } = Native as unknown as Loader;

/** What the tool is told: emscripten's settings of a module. */
interface Settings {
  instantiateWasm?(imports: object, receive: (instance: object) => void): object;
  print(line: string): void;
  printErr(line: string): void;
  onAbort(why: unknown): void;
}
type Tool = (settings: Settings, loader: object, process: object, ...others: unknown[]) => void;
const PARAMETERS = 'Module, WebAssembly, process, require, module, __dirname, __filename';

/** Features that hosts have by now, whatever else is asked for. */
const BASE = ['simd', 'bulk-memory', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals', 'multivalue'];
/** NaNs made by arithmetic have other bits in each engine: the program replaces them. */
const OPTIONS = ['-ttf', '--denan', ...[...BASE, 'reference-types'].map((name) => `--enable-${name}`)];
/**
 * Features that a host may lack, and how many programs of a hundred ask for them. What the tool makes of exceptions has `try_table` nearly
 * always, which V8 of Node 20 does not take.
 */
const MAYBE = [
  ['exception-handling', 10],
  ['tail-call', 50],
  ['extended-const', 50],
  ['memory64', 30],
] as const;

export interface Generated {
  readonly bytes: Uint8Array;
  /** Those of `MAYBE` that it was made with. */
  readonly features: readonly string[];
}

export class WasmOpt {
  private readonly file = createRequire(import.meta.url).resolve('binaryen/bin/wasm-opt');
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tswasm-wasm-opt-'));
  private readonly tool: Tool;
  private compiled: Promise<object> | undefined;

  constructor() {
    const text = readFileSync(this.file, 'utf8').replace(/^#!.*/, '');
    const wrapped = `((${PARAMETERS}) => {${text}\n})`;
    this.tool = new Script(wrapped, { filename: this.file }).runInThisContext() as Tool;
  }

  /** The program of a seed: the first that the host takes, with fewer features, then of other bytes. The tool adds what nobody asked for. */
  async generate(seed: number): Promise<Generated> {
    const random = new Random(seed);
    for (;;) {
      const input = Uint8Array.from({ length: random.between(100, 6000) }, () => random.below(256));
      const wanted = MAYBE.filter(([, percent]) => random.chance(percent)).map(([name]) => name);
      for (let without = 0; without <= wanted.length; without++) {
        const features = wanted.slice(without);
        const bytes = await this.run(input, features);
        if (Native.validate(bytes)) return { bytes, features };
      }
    }
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(input: Uint8Array, features: readonly string[]): Promise<Uint8Array> {
    const [from, to] = ['input', 'output.wasm'].map((name) => path.join(this.folder, name));
    writeFileSync(from, input);
    await this.main([...OPTIONS, ...features.map((name) => `--enable-${name}`), from, '-o', to]);
    return new Uint8Array(readFileSync(to));
  }

  private main(args: readonly string[]): Promise<void> {
    const said: string[] = [];
    return new Promise((resolve, reject) => {
      // It says so when it is done.
      const exit = (code: number) =>
        code === 0 ? resolve() : reject(new Error(`wasm-opt ends with ${code}: ${said.join('\n')}`));
      const own: object = Object.create(process, {
        argv: { value: ['node', this.file, ...args] },
        exitCode: { set: exit },
      });
      const settings: Settings = {
        print: () => undefined,
        printErr: (line) => said.push(line),
        onAbort: reject,
      };
      // Only the first time it must take its module out of its own text.
      const { compiled } = this;
      if (compiled !== undefined) {
        settings.instantiateWasm = (imports, receive) => {
          compiled.then((module) => instantiate(module, imports)).then(receive, reject);
          return {};
        };
      }
      const require = createRequire(this.file);
      this.tool(settings, this.loader, own, require, { exports: {} }, path.dirname(this.file), this.file);
    });
  }

  private readonly loader = {
    RuntimeError: Native.RuntimeError,
    instantiate: async (bytes: Uint8Array, imports: object): Promise<object> => {
      this.compiled = compile(bytes);
      const module = await this.compiled;
      return { module, instance: await instantiate(module, imports) };
    },
  };
}
