/** What is told of work that takes long, on a terminal alone: one line that is written over, and gone at the end. */
import { isTerminal, progressLine } from './output';

/** Milliseconds before anything is shown, and between two showings. */
const PATIENCE = 500;
const INTERVAL = 200;

export class Progress {
  private readonly begun = performance.now();
  private next = this.begun + PATIENCE;
  private shown = false;
  private readonly visible = isTerminal();

  /** `what` is being done, for example `reading big.wasm`. */
  constructor(private readonly what: string) {}

  /** Called again and again. */
  tick(detail = ''): void {
    const now = performance.now();
    if (!this.visible || now < this.next) return;
    this.next = now + INTERVAL;
    this.shown = true;
    progressLine(`tswasm: ${this.what}${detail}, ${Math.round((now - this.begun) / 1000)} s`);
  }

  end(): void {
    if (this.shown) progressLine('');
    this.shown = false;
  }
}
