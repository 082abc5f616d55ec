/**
 * What surrounds the texts of the tier: cells of other functions, the machine's stack and its activations (instance.ts).
 *
 * A loop that is gone back to is two: the inner one runs, and ends where the fuel is used up; between two turns of the outer one the machine
 * is asked for more. So nothing in the inner one is called for fuel's sake, and compilers keep what they know of memories in it.
 *
 *     O1:for(;;){L1:for(;;){ ...; if(--n<0){pc=3;break L1}continue L1; ...; break O1} M.fuel=n;if(A.refuel(X,sp))break x;n=M.fuel}
 *
 * `break x` leads to where the frame leaves (functions.ts); `pc` says at which site.
 */
import type { ModuleData } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { LABELS } from './control';
import { TypedMemories } from './memories';
import { wordAt } from './slots';
import type { CallText, Stops, StopsWriter, Surroundings } from './surroundings';

export function machineOf({ types }: ModuleData): Surroundings {
  return {
    stops: (writer) => new MachineStops(writer),
    isEntrance: () => false,
    again: () => '',
    keepsBits: true,
    sharesViews: false,
    work: undefined,
    control: () => LABELS,
    memories: (writer) => new TypedMemories(writer),
    constant: () => undefined,
    frame: ['fp', 'sp'],
    frameOf: (slot) => [wordAt(slot), 'sp+1'],
    callee: (uses, funcidx) => `${uses.need('cell', funcidx)}.f`,
    cell: (uses, funcidx) => uses.need('cell', funcidx),
    reference: (uses, funcidx) => uses.need('func', funcidx),
    element(uses, { tableidx, typeidx, offset }, index, cell) {
      const { id } = types[typeidx];
      const slow = `${cell}=A.element(X,${tableidx},${index},${id},${offset});`;
      const cells = uses.need('table', tableidx);
      return `${cell}=${cells}[${index}];if(${cell}===undefined||${cell}.t!==${id})${slow}`;
    },
    referred: (_uses, reference, offset) => `A.referred(${reference},${offset})`,
    globalWord: (uses, globalidx, high) => `${uses.need('global', globalidx)}[${high ? 1 : 0}]`,
    cover: (end) => `A.cover(${end});`,
    tail: (_uses, cell) => `A.t=${cell};`,
  };
}

class MachineStops implements Stops {
  readonly sync: string;
  readonly unsync: string;
  private readonly writer: StopsWriter;

  constructor(writer: StopsWriter) {
    this.writer = writer;
    this.sync = writer.repeats ? 'M.fuel=n;' : '';
    this.unsync = writer.repeats ? 'n=M.fuel;' : '';
    if (writer.repeats) writer.uses.variable('n');
  }

  call({ before, call, loudness, safepoint }: CallText): string {
    const { writer } = this;
    const isSilent = loudness === 'silent';
    const site = writer.site(safepoint, { isSilent });
    const marked = `${before}${writer.uses.variable('pc')}=${site};`;
    if (isSilent) return marked + call;
    let checked = call;
    if (loudness === 'loud') {
      writer.leaves = true;
      checked += 'if(A.u!==0)break x;';
    }
    return `${marked}${this.sync}${checked}${this.unsync}`;
  }

  repeat(id: number, safepoint: Safepoint): string {
    const { writer } = this;
    const site = writer.site(safepoint, {});
    writer.leaves = true;
    return `if(--n<0){${writer.uses.variable('pc')}=${site};break L${id}}continue L${id};`;
  }

  loop(id: number, enter: string, body: () => string): string {
    const slow = 'M.fuel=n;if(A.refuel(X,sp))break x;n=M.fuel;';
    return `O${id}:for(;;){${enter}L${id}:for(;;){${body()}break O${id}}${slow}}`;
  }
}
