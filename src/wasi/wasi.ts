/** The embedder's view: one `Wasi` is the world of one guest. */
import { ERRNO, type Layout } from './abi';
import { WasiContext, type WasiOptions } from './context';
import type { GuestCall } from './guest';
import { CALLS, type CallRow, LAYOUTS } from './table';

/** Answers one call of the guest; a promise when the guest has to wait. The interpreter's HostCallback. */
export type WasiCallback = (call: GuestCall) => void | PromiseLike<void>;

export class Wasi {
  readonly context: WasiContext;

  constructor(options: WasiOptions) {
    this.context = new WasiContext(options);
  }

  /** The function behind an import, or undefined when it is not one of WASI's. */
  callback(module: string, name: string): { row: CallRow; callback: WasiCallback } | undefined {
    const layout = LAYOUTS.find((one) => one.module === module);
    const row = layout && CALLS.find((one) => one.name === name);
    return row && { row, callback: this.answer(row, layout!) };
  }

  private answer(row: CallRow, layout: Layout): WasiCallback {
    const { context } = this;
    const { handler, name } = row;
    const { trace } = context;
    return (call) => {
      const answer = handler(context, call, layout);
      if (typeof answer === 'number') {
        trace?.(name, answer);
        call.setI32(0, answer);
        return undefined;
      }
      return answer.then((errno) => {
        trace?.(name, errno);
        call.setI32(0, errno);
      });
    };
  }

  /** Gives up a wait under way, see `WasiContext.cancelWait`. */
  cancelWait(): void {
    this.context.cancelWait();
  }

  /** Closes all that the guest has open. */
  dispose(): void {
    this.context.dispose();
  }
}

export { ERRNO };
