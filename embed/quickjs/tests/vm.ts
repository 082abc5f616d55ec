/** QuickJS through quickjs-emscripten, with limits: one VM that has evaluated a bundle. */
import { webcrypto } from 'node:crypto';
import {
  newQuickJSWASMModule,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
} from 'quickjs-emscripten';

export interface VmLimits {
  readonly memoryBytes: number;
  /** Of QuickJS's own stack. Its default is more than V8 has for a WebAssembly program, so an embedder must say less. */
  readonly stackBytes: number;
}
export const VM_LIMITS: VmLimits = { memoryBytes: 64 * 2 ** 20, stackBytes: 128 * 1024 };

export class Vm {
  private constructor(
    private readonly runtime: QuickJSRuntime,
    private readonly context: QuickJSContext,
    private readonly exports: QuickJSHandle,
  ) {}

  /** Evaluates an ES module. */
  static async open(source: string, limits: VmLimits = VM_LIMITS): Promise<Vm> {
    const quickjs = await newQuickJSWASMModule();
    const runtime = quickjs.newRuntime();
    runtime.setMemoryLimit(limits.memoryBytes);
    runtime.setMaxStackSize(limits.stackBytes);
    const context = runtime.newContext();
    giveEmbedder(context, runtime);
    const exports = context.unwrapResult(context.evalCode(source, 'tswasm.js', { type: 'module' }));
    return new Vm(runtime, context, exports);
  }

  /** Calls an exported function that takes and gives a string, or a promise of one. */
  async call(name: string, text: string): Promise<string> {
    const { context, runtime } = this;
    using func = context.getProp(this.exports, name);
    using argument = context.newString(text);
    using promise = context.unwrapResult(context.callFunction(func, context.undefined, argument));
    const settled = context.resolvePromise(promise);
    context.unwrapResult(runtime.executePendingJobs());
    using result = context.unwrapResult(await settled);
    return context.getString(result);
  }

  /** How many objects there are, those included that nobody has collected yet. */
  objects(): number {
    const { context, runtime } = this;
    using usage = runtime.computeMemoryUsage();
    return (context.dump(usage) as { readonly obj_count: number }).obj_count;
  }

  dispose(): void {
    this.exports.dispose();
    this.context.dispose();
    this.runtime.dispose();
  }
}

/** Timers and randomness: what a VM that waits needs, and nothing else. */
function giveEmbedder(context: QuickJSContext, runtime: QuickJSRuntime): void {
  using embedder = context.newObject();
  using setTimer = context.newFunction('setTimeout', (callback, milliseconds) => {
    const kept = callback.dup();
    setTimeout(() => {
      if (!context.alive) return;
      context.unwrapResult(context.callFunction(kept, context.undefined)).dispose();
      kept.dispose();
      context.unwrapResult(runtime.executePendingJobs());
    }, context.getNumber(milliseconds));
  });
  using random = context.newFunction('random', (length) => {
    const bytes = webcrypto.getRandomValues(new Uint8Array(context.getNumber(length)));
    return context.newArrayBuffer(bytes.buffer);
  });
  context.setProp(embedder, 'setTimeout', setTimer);
  context.setProp(embedder, 'random', random);
  context.setProp(context.global, 'embedder', embedder);
}
