/** How a guest ends itself. */
import { Termination } from '../errors';

/** Thrown through the guest by `proc_exit`; nothing of the guest runs afterwards. */
export class WasiExit extends Termination {
  /** What the program exited with. */
  readonly code: number;
  constructor(code: number) {
    super(`the program exited with code ${code}`);
    this.code = code;
  }
}
Object.defineProperty(WasiExit.prototype, 'name', { value: 'WasiExit', configurable: true, writable: true });
