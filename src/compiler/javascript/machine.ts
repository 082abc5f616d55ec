/**
 * What surrounds the texts of the tier: cells of other functions, the machine's stack and its activations (instance.ts).
 *
 * Where the fuel is used up at a loop, the function ends: its values go to their slots, and whoever has the frame then asks the machine for
 * more, and runs a continuation, which begins at that loop (activations.ts). So nothing is called in a loop for fuel's sake, and compilers
 * keep its variables in registers.
 *
 *     L1:for(;;){ ...; if(--n<0){M.fuel=n;pc=3;break x}continue L1; ...; break L1}
 *
 * `break x` leads to where the frame leaves (functions.ts); `pc` says at which site.
 */
import type { ModuleData } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { LABELS } from './control';
import { TypedMemories } from './memories';
import { wordAt } from './slots';
import type { CallText, Stops, StopsWriter, Surroundings } from './surroundings';

/** `compilesHot`: the engine compiles what is hot, and views that do not change become part of its code. */
export function machineOf({ types }: ModuleData, compilesHot: boolean): Surroundings {
  return {
    stops: (writer) => new MachineStops(writer),
    isEntrance: () => false,
    again: () => '',
    keepsBits: true,
    views: compilesHot ? 'held' : 'copied',
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
    return `if(--n<0){M.fuel=n;${writer.uses.variable('pc')}=${site};break x}continue L${id};`;
  }

  loop(id: number, enter: string, body: () => string): string {
    return enter + LABELS.loop(id, body);
  }
}
