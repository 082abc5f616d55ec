/** Cuts a failing program down while it still fails. Works on the tree, so every candidate is valid. */

import type { Program } from './generate';
import { constant, listsOf, type Node } from './ir';

/** Tells whether the program as it is now still shows the failure. */
export type StillFails = (program: Program) => Promise<boolean>;

const MOST_ATTEMPTS = 3000;

class Shrinker {
  private attempts = 0;
  constructor(
    readonly program: Program,
    readonly stillFails: StillFails,
  ) {}

  /** Keeps a change when the failure stays, else takes it back. */
  private async attempt(change: () => () => void): Promise<boolean> {
    if (this.attempts++ >= MOST_ATTEMPTS) return false;
    const undo = change();
    if (await this.stillFails(this.program)) return true;
    undo();
    return false;
  }

  private async shrinkCalls(): Promise<boolean> {
    let progress = false;
    const { calls } = this.program;
    for (let i = calls.length - 1; i >= 0; i--) {
      const removed = await this.attempt(() => {
        const [call] = calls.splice(i, 1);
        return () => calls.splice(i, 0, call);
      });
      progress ||= removed;
    }
    return progress;
  }

  /** Every place a node stands in, outer ones first. */
  private places(): { list: Node[]; node: Node }[] {
    const places: { list: Node[]; node: Node }[] = [];
    const visit = (list: Node[]): void => {
      for (const node of list) {
        if (!node.fixed) places.push({ list, node });
        for (const inner of listsOf(node)) visit(inner);
      }
    };
    for (const { body } of this.program.module.functions) {
      visit(body.statements);
      visit(body.values);
    }
    return places;
  }

  private async replace(list: Node[], node: Node, replacement: readonly Node[]): Promise<boolean> {
    const at = list.indexOf(node);
    if (at < 0) return false;
    return await this.attempt(() => {
      list.splice(at, 1, ...replacement);
      return () => list.splice(at, replacement.length, node);
    });
  }

  private async shrinkPlace(list: Node[], node: Node): Promise<boolean> {
    for (const candidate of candidates(node)) {
      if (await this.replace(list, node, candidate)) return true;
    }
    return false;
  }

  async run(): Promise<void> {
    for (let progress = true; progress && this.attempts < MOST_ATTEMPTS; ) {
      progress = await this.shrinkCalls();
      const gone = new Set<Node>();
      for (const { list, node } of this.places()) {
        if (gone.has(node) || !(await this.shrinkPlace(list, node))) continue;
        progress = true;
        markBelow(node, gone);
      }
    }
  }
}

function markBelow(node: Node, gone: Set<Node>): void {
  for (const inner of listsOf(node).flat()) {
    gone.add(inner);
    markBelow(inner, gone);
  }
}

/** What may stand in place of a node, simplest first: nothing, constants, one of its operands. */
function candidates(node: Node): (readonly Node[])[] {
  if (node.results.length === 0) return [[]];
  const zeros = node.results.map((t) => constant(t, 0n));
  const simple = node.kind === 'plain' && node.children.length === 0 && zeros.length === 1;
  const isZero = simple && node.code.join() === zeros[0].code.join();
  if (isZero) return [];
  const operands = node.kind === 'plain' ? node.children : node.operands;
  const same = operands.filter((o) => !o.fixed && o.results.join() === node.results.join());
  return [zeros, ...same.map((o) => [o])];
}

/** Shrinks in place. */
export async function shrink(program: Program, stillFails: StillFails): Promise<void> {
  await new Shrinker(program, stillFails).run();
}
