/**
 * Safepoints in files. Without pausing there is nothing of them. With it, fuel is counted for the whole file; where it is used up, `halt` may
 * throw, and what a function's variables hold is saved on the way out. The function is called again to go on: it takes its variables from
 * `back`, and the calls that it waited for are made by `next` (parts/pausing.ts, entrances.ts).
 *
 *     function F7(i0){var E=0,pc=0;try{if(back!==null){i0=back[0];E=entrance();}else if(--fuel<0)halt();
 *       if(E===1)E=0;L1:for(;;){ ...; if(--fuel<0){pc=1;halt();}continue L1; ... }
 *       pc=2;if(E===0){i1=F8(i0);}else{E=0;i1=next();}
 *     }catch(e){throw leave(e,R7,pc,[i0,i1])}}
 *
 * Where engines run what is written, a short function is written twice: `F7` without what leads to its entrances, `K7` for frames that go on.
 */
import type { ModuleData } from '../../../decoder';
import { frameUnits } from '../../../interpreter/fuel';
import type { LoweredBody, Statement } from '../../../lowering';
import { loudnessOf } from '../callees';
import type { Statements } from '../statements';
import type { CallText, Control, RepeatText, Stops, StopsWriter } from '../surroundings';
import { frameValues } from './sites';

export function withoutStops(control: Control): Stops {
  return {
    sync: '',
    unsync: '',
    call: ({ before, call }) => before + call,
    repeat: ({ go }) => go,
    loop: (id, _enter, body) => control.loop(id, body),
  };
}

/** Loops, and calls of what may pause. A function of the host does not. */
export function isEntranceOf(module: ModuleData): (statement: Statement) => boolean {
  return (statement) => {
    switch (statement.kind) {
      case 'loop':
        return statement.label.used;
      case 'call':
        return statement.funcidx >= module.importedFuncs && loudnessOf(module, statement.funcidx) === 'loud';
      default:
        return statement.kind === 'call_indirect' || statement.kind === 'call_ref';
    }
  };
}

export class FileStops implements Stops {
  readonly sync = '';
  readonly unsync = '';
  private readonly writer: StopsWriter;

  constructor(writer: StopsWriter) {
    this.writer = writer;
  }

  call({ before, call, again, safepoint, mark }: CallText): string {
    if (mark === undefined) return before + call;
    const { uses } = this.writer;
    const site = this.writer.site(safepoint, { mark });
    uses.helper('numeric', 'next');
    const waits = `${uses.variable('pc')}=${site};`;
    if (!this.writer.entrances.any) return waits + before + call;
    return `${waits}if(E===0){${before}${call}}else{E=0;${again}}`;
  }

  repeat({ go, safepoint, mark }: RepeatText): string {
    const { uses } = this.writer;
    const site = this.writer.site(safepoint, { mark });
    const test = `--${uses.helper('numeric', 'fuel')}<0`;
    return `if(${test}){${uses.variable('pc')}=${site};${uses.helper('numeric', 'halt')}();}${go}`;
  }

  loop(id: number, enter: string, body: () => string): string {
    return enter + this.writer.control.loop(id, body);
  }
}

export interface PausingParts {
  /** Done when the function is called. */
  readonly begin: string;
  readonly statements: string;
  /** Whether it is for frames that go on: always, never, or for others too. */
  readonly entered: 'always' | 'never' | 'too';
}

/** The statements of a function that is not quiet, with what enters it and leaves it. */
export function pausingText(
  writer: Statements,
  body: LoweredBody,
  { begin, statements, entered }: PausingParts,
): { readonly text: string; readonly types: string } {
  const { uses } = writer;
  const { names, types } = frameValues(writer, body);
  const pc = uses.variable('pc');
  for (const part of ['back', 'entrance', 'fuel', 'halt', 'leave']) uses.helper('numeric', part);
  const units = frameUnits(body.slots);
  const charged = units > 0 ? `fuel-=${units};` : '';
  const fresh = `${begin}${charged}if(--fuel<0)halt();`;
  const saved = `catch(e){throw leave(e,R${body.funcidx},${pc},[${names.join()}])}`;
  const begins = `try{${fresh}${statements}}${saved}`;
  if (entered === 'never') return { text: begins, types };
  const filled = names.map((name, k) => `${name}=back[${k}];`).join('');
  const goesOn = `${filled}${writer.entrances.any ? 'E=' : ''}entrance();`;
  const first = entered === 'always' ? goesOn : `if(back!==null){${goesOn}}else{${fresh}}`;
  return { text: `try{${first}${statements}}${saved}`, types };
}
