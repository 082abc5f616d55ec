/**
 * The parts of a long function (split.ts): functions of their own, which it calls, and where control goes on behind them. Values cross in
 * variables of the text, `z` before their names: a part can change any of them.
 */
import type { Branch } from '../../lowering';
import type { FunctionWriter } from './writer';

/** Where control goes from a part: its function goes there in its stead. */
export type Exit = Branch | 'return';

/** Who writes a function or a part of it. */
export interface PartWriter extends FunctionWriter {
  /** Control may leave from it, the entry aside. */
  leaves: boolean;
  readonly parts: { readonly exits: readonly Exit[] };
}

/** Some statements of a function that are a function of their own, with what it does. */
export interface Part<Writer> {
  readonly name: string;
  readonly writer: Writer;
  readonly text: string;
  /** It is told at which entrance it begins. */
  readonly isEntered: boolean;
}

export class Parts<Writer extends PartWriter> {
  /** Those of the function. */
  readonly made: Part<Writer>[] = [];
  /** Of a part: where control goes from it, by number. */
  readonly exits: Exit[] = [];
  private readonly writer: Writer;

  constructor(writer: Writer) {
    this.writer = writer;
  }

  /** In a part: control goes from it to somewhere else. */
  exit(to: Exit): string {
    const { exits, writer } = this;
    const known = exits.indexOf(to);
    const number = known < 0 ? exits.push(to) : known + 1;
    writer.leaves = true;
    return `${writer.uses.variable('pc')}=-${number};break x;`;
  }

  /** The call of a part. `go`: the text that goes where it exits to. */
  call(inner: Omit<Part<Writer>, 'name'>, go: (to: Exit) => string): string {
    const { made, writer } = this;
    const { uses, stops } = writer;
    const name = `p${made.length}`;
    made.push({ ...inner, name });
    const { isEntered } = inner;
    const { leaves, throws, parts, uses: usesInside } = inner.writer;
    writer.throws ||= throws;
    writer.leaves ||= leaves;
    writer.expressions.alignments.forget();
    const names = [...usesInside.inSlots].map(([slot, first]) => uses.inSlot(slot, first));
    const given = names.map((slot) => `z${slot}=${slot};`).join('');
    const taken = names.map((slot) => `${slot}=z${slot};`).join('');
    const at = uses.temporary();
    const call = `${at}=${name}(fp,sp${isEntered ? ',E' : ''});${isEntered ? 'E=0;' : ''}`;
    const exits = parts.exits.map((to, k) => `if(${at}===-${k + 1}){${go(to)}}`);
    const left = leaves ? `if(${at}!==0){${exits.join('')}${uses.variable('pc')}=${at};break x}` : '';
    return given + stops.sync + call + stops.unsync + taken + left;
  }
}
