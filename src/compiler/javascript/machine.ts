/**
 * What surrounds the texts of the tier: cells of other functions, the machine's stack and its activations (instance.ts).
 *
 * Where the fuel is used up at a loop, the function ends: its values go to their slots, and whoever has the frame then asks the machine for
 * more, and runs a continuation, which begins at that loop (activations.ts). So nothing is called in a loop for fuel's sake, and compilers
 * keep its variables in registers.
 *
 *     L1:for(;;){ ...; if((n=n-1|0)<0){pc=3;break x}continue L1; ...; break L1}
 *
 * `break x` leads to where the frame leaves (functions.ts), which writes the fuel back; `pc` says at which site. Nothing else is done on
 * the way: what each of so many ways did first would be new to the engine (rehearsal.ts).
 */
import { I32, I64, isRef, type ModuleData, type ValType } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { LABELS } from './control';
import { DataViewMemories } from './data-views';
import { BoundedMemories } from './memories';
import { wordAt } from './slots';
import type { SplitRules } from './split';
import type { CallText, RepeatText, Stops, StopsWriter, Surroundings } from './surroundings';
import { GIVEN } from './uses';

/** In the text of a function until it is written: its own name. */
export const SELF = '\u0002';

/** What texts depend on besides the module. */
export interface TextRules {
  /** The engine compiles what is hot, and views that do not change become part of its code. */
  readonly compilesHot: boolean;
  /** NaNs have the same bits as in the interpreter, also those that arithmetic makes, and in slots that only arithmetic reads. */
  readonly canonicalNans?: boolean;
  /** Which functions are split. */
  readonly splits?: SplitRules;
}

export interface MachineRules extends TextRules {
  /** Loops take their fuel before they begin, where that is worth something. */
  readonly paysBefore: boolean;
  /** The function that can call itself by name. */
  readonly self?: number;
}

export function machineOf({ types }: ModuleData, rules: MachineRules): Surroundings {
  const { compilesHot, canonicalNans = false, self } = rules;
  return {
    stops: (writer) => new MachineStops(writer, rules),
    isEntrance: () => false,
    mayRepeat: false,
    areOpen: true,
    again: () => '',
    keepsBits: true,
    canonicalNans,
    widens: compilesHot ? 'none' : 'large',
    masksSelects: compilesHot,
    dividesInPlace: compilesHot,
    views: compilesHot ? 'held' : 'copied',
    prefix: GIVEN,
    work: undefined,
    control: () => LABELS,
    memories: (writer) => (compilesHot ? new DataViewMemories(writer) : new BoundedMemories(writer)),
    constant: () => undefined,
    frame: ['fp', 'sp'],
    // Without a sign that says so, engines would look whether they still are of 32 bits.
    frameOf: (slot) =>
      [wordAt(slot), 'sp+1'].map((place) => (compilesHot && place !== 'fp' ? `${place}|0` : place)),
    callee: (uses, funcidx) => (funcidx === self ? SELF : `${uses.need('cell', funcidx)}.f`),
    cell: (uses, funcidx) => uses.need('cell', funcidx),
    reference: (uses, funcidx) => uses.need('func', funcidx),
    element(uses, { tableidx, typeidx, offset }, index, cell) {
      const { id } = types[typeidx];
      const slow = `${cell}=${uses.given('A')}.element(${uses.given('X')},${tableidx},${index},${id},${offset});`;
      const cells = uses.need('table', tableidx);
      return `${cell}=${cells}[${index}];if(${cell}===undefined||${cell}.t!==${id})${slow}`;
    },
    referred: (uses, reference, offset) => `${uses.given('A')}.referred(${reference},${offset})`,
    globalWord: (uses, globalidx, high) => `${uses.need('global', globalidx)}[${high ? 1 : 0}]`,
    cover: (uses, end) => `${uses.given('A')}.cover(${end});`,
    tail: (uses, cell) => `${uses.given('A')}.t=${cell};`,
  };
}

class MachineStops implements Stops {
  private readonly writer: StopsWriter;
  private readonly count: string;
  readonly paysBefore: boolean;
  private readonly compilesHot: boolean;

  /** Code that need not look whether the number still is one of 32 bits counts last in a turn, and needs no register for it before. */
  constructor(writer: StopsWriter, { compilesHot, paysBefore }: MachineRules) {
    this.writer = writer;
    this.paysBefore = compilesHot && paysBefore;
    this.compilesHot = compilesHot;
    this.count = compilesHot ? '(n=n-1|0)' : '--n';
    if (writer.repeats) writer.uses.variable('n');
  }

  private get fuel(): string {
    return `${this.writer.uses.given('Q')}[0]`;
  }
  get sync(): string {
    return this.writer.repeats ? `${this.fuel}=n;` : '';
  }
  get unsync(): string {
    return this.writer.repeats ? `n=${this.fuel};` : '';
  }

  /**
   * A variable is asked faster than a field that is known to change. References may be undefined, and a float that engines compare with that
   * is one on their heap.
   */
  asksResult([first, ...more]: readonly ValType[]): boolean {
    if (first === undefined || more.length > 0) return true;
    return this.compilesHot ? first === I32 || first === I64 : !isRef(first);
  }

  call({ before, call, result, loudness, safepoint }: CallText): string {
    const { writer } = this;
    const isSilent = loudness === 'silent';
    const site = writer.site(safepoint, { isSilent });
    const marked = `${before}${writer.uses.variable('pc')}=${site};`;
    if (isSilent) return marked + call;
    const done = `${marked}${this.sync}${call}${this.unsync}`;
    if (loudness !== 'loud') return done;
    writer.leaves = true;
    const hasLeft = result === undefined ? `${writer.uses.given('A')}.u!==0` : `${result}===undefined`;
    return `${done}if(${hasLeft})break x;`;
  }

  repeat({ go, safepoint }: RepeatText): string {
    return `if(${this.count}<0){${this.leave(safepoint, false)}}${go}`;
  }

  leave(safepoint: Safepoint, isShort: boolean): string {
    const { writer } = this;
    const site = writer.site(safepoint, { isShort });
    writer.leaves = true;
    return `${writer.uses.variable('pc')}=${site};break x`;
  }

  loop(id: number, enter: string, body: () => string): string {
    return enter + LABELS.loop(id, body);
  }
}
