/** Whether this run is one that later starts are like: launcher.ts then keeps the bytecode that V8 has made of us. */
let hasRun = false;
let flagsChanged = false;

/** A program has run. */
export function noteRun(): void {
  hasRun = true;
}

/** V8's flags are not those of the next start, and its bytecode belongs to them. */
export function noteFlags(): void {
  flagsChanged = true;
}

export function isTypicalRun(): boolean {
  return hasRun && !flagsChanged;
}
