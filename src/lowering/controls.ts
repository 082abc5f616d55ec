/** The structured instructions that are open while a body is lowered, innermost last. */
import type { ValType } from '../decoder';
import type { Block, Branch, If, Label, Loop, MoveSlots, Try } from './statements';

/** A structured instruction that is open. */
export interface Control {
  kind: 'func' | 'block' | 'loop' | 'if' | 'else' | 'try' | 'catch';
  /** Operands below its parameters. */
  height: number;
  params: readonly ValType[];
  results: readonly ValType[];
  label: Label;
  /** What it becomes; nothing holds the function's body. */
  statement: Block | Loop | If | Try | undefined;
  /** Of an `else` or a handler: whether control falls out of a part before it. */
  thenFalls: boolean;
  /** Of many values: what has moved them last. Most branches to a label find them where the one before did. */
  moved: readonly [MoveSlots] | undefined;
  /** The last branch to its label. */
  branch: Branch | undefined;
}

export class Controls {
  /** How many are open. */
  depth = 0;
  /** Those that are open, and behind them others, to be used again. */
  private readonly all: Control[] = [];

  push(
    kind: Control['kind'],
    height: number,
    params: readonly ValType[],
    results: readonly ValType[],
    label: Label,
    statement: Control['statement'],
  ): void {
    this.all[this.depth] ??= {} as Control;
    const control = this.all[this.depth++];
    control.kind = kind;
    control.height = height;
    control.params = params;
    control.results = results;
    control.label = label;
    control.statement = statement;
    control.thenFalls = false;
    control.moved = control.branch = undefined;
  }

  /** The innermost one ends. */
  pop(): void {
    this.depth--;
  }

  /** What a label's index names: 0 is the innermost. */
  at(depth: number): Control {
    return this.all[this.depth - 1 - depth];
  }

  /** The function's body. */
  get body(): Control {
    return this.all[0];
  }
}
