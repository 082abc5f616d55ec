/** What the text of a function names: its variables, and what it needs of the instance and of the machine. */
import type { Bulk, Effect } from '../../lowering';

/**
 * Something that the text gets when it is evaluated, by its name there:
 * - `memory`: the views of a memory (`m0`); functions copy those that they use, or use what is held for them (`v0`, held-views.ts);
 * - `cell`: a function that is called (`C7`); `table`: a table's functions (`T0`);
 * - `view`: a view of a memory that all functions share (`J0`), in files;
 * - `global`: the words of a global (`G3`); `reference`: a global itself (`H3`);
 * - `effect` and `bulk`: what works on canonical slots (`E0`);
 * - `numeric` and `math`: a function by its name.
 */
export type Need =
  | { readonly kind: Indexed; readonly index: number }
  | { readonly kind: 'effect'; readonly effect: Effect }
  | { readonly kind: 'bulk'; readonly bulk: Bulk }
  | { readonly kind: 'view'; readonly index: number; readonly view: View }
  | { readonly kind: 'numeric' | 'math'; readonly name: string };

type Indexed = 'memory' | 'views' | 'cell' | 'table' | 'global' | 'reference' | 'func' | OfFiles;
/** What only files have: the bytes of a memory, the words of a global in two variables, and segments. */
type OfFiles = 'length' | 'word' | 'highWord' | 'data' | 'elem';
const LETTERS: Readonly<Record<Indexed, string>> = {
  memory: 'm',
  views: 'v',
  cell: 'C',
  table: 'T',
  global: 'G',
  reference: 'H',
  func: 'F',
  length: 'N',
  word: 'g',
  highWord: 'w',
  data: 'D',
  elem: 'Y',
};

/** Views of a memory as text has them: the letter before the memory's index, and the field of `Views`. */
const VIEWS = { u8: 'U', u16: 'V', i32: 'J', f32: 'P', f64: 'B' } as const;
export type View = keyof typeof VIEWS;

/** Whose views a function uses: those that all functions of a file share, those that it has copied, or those that are held for it. */
export type ViewsOf = 'shared' | 'copied' | 'held';

/** Before the names of what texts of the machine are given (functions.ts). */
export const GIVEN = '_';

export class Uses {
  /** Variables with their first values. */
  readonly variables = new Map<string, '0' | 'null'>();
  /** By memory: copies of its views and of their lengths, and what they are copies of. */
  private readonly views = new Map<number, Map<string, string>>();
  readonly needs: Map<string, Need>;
  /** Those of slots, with their first values. */
  readonly inSlots = new Map<string, '0' | 'null'>();
  /** Values go over the machine's stack. */
  usesStack = false;
  /** What is outside of the function, and has been copied into variables of the same names without the prefix. */
  readonly copies = new Set<string>();
  private readonly viewsOf: ViewsOf;
  private readonly prefix: string;
  private isCopying = false;
  private temporaries = 0;

  /** `prefix`: what the names have that the text is given. `needs`: those of a text around it. */
  constructor(viewsOf: ViewsOf = 'copied', prefix = '', needs = new Map<string, Need>()) {
    this.viewsOf = viewsOf;
    this.prefix = prefix;
    this.needs = needs;
  }

  /** Of a function in the same text, which has variables of its own. */
  beside(): Uses {
    return new Uses(this.viewsOf, this.prefix, this.needs);
  }

  /**
   * What is written here uses copies of all that it is given. In loops, V8 knows what a variable of the function is that nothing assigns;
   * of what stands around the function it may find out only when the code of the loop has been chosen.
   */
  copying(write: () => string): string {
    this.isCopying = true;
    const text = write();
    this.isCopying = false;
    return text;
  }

  /** The name in this function of what is outside of it. */
  given(name: string): string {
    if (this.isCopying) this.copies.add(name);
    return this.copies.has(name) ? name : this.prefix + name;
  }
  /** Variables for what has been copied, with their values. */
  copied(): string[] {
    return [...this.copies].map((name) => `${name}=${this.prefix}${name}`);
  }

  /** The variable of an i32, or the low word of an i64 or of the bits of a float that is not a number. */
  low(slot: number): string {
    return this.inSlot(`i${slot}`, '0');
  }
  high(slot: number): string {
    return this.inSlot(`h${slot}`, '0');
  }
  float(slot: number): string {
    return this.inSlot(`f${slot}`, '0');
  }
  reference(slot: number): string {
    return this.inSlot(`r${slot}`, 'null');
  }
  inSlot(name: string, first: '0' | 'null'): string {
    this.inSlots.set(name, first);
    this.variables.set(name, first);
    return name;
  }
  variable(name: string): string {
    this.variables.set(name, '0');
    return name;
  }

  /** A variable that no other part of the statement at hand uses. */
  temporary(): string {
    return this.variable(`t${this.temporaries++}`);
  }
  /** What stood in temporaries is not needed any more. */
  nextStatement(): void {
    this.temporaries = 0;
  }

  need(kind: Indexed, index: number): string {
    const name = LETTERS[kind] + index;
    this.needs.set(name, { kind, index });
    return this.given(name);
  }
  work(need: Extract<Need, { kind: 'effect' | 'bulk' }>): string {
    const name = `E${this.needs.size}`;
    this.needs.set(name, need);
    return this.given(name);
  }
  /** The high word of an i64 whose low word a function has returned. */
  highWord(): string {
    return `${this.given('W')}.hi`;
  }
  /** How many bytes of a memory can be accessed. */
  length(memidx: number): string {
    return this.need('length', memidx);
  }
  helper(kind: 'numeric' | 'math', name: string): string {
    this.needs.set(name, { kind, name });
    return this.given(name);
  }
  view(view: View, memidx: number): string {
    const name = VIEWS[view] + memidx;
    switch (this.viewsOf) {
      case 'shared':
        this.needs.set(name, { kind: 'view', index: memidx, view });
        return this.given(name);
      case 'copied':
        return this.copyOf(memidx, name, `${this.need('memory', memidx)}.${view}`);
      case 'held':
        return `${this.need('views', memidx)}.${view}`;
    }
  }
  /** How many elements there are in a view that the function has copied. */
  bound(view: View, memidx: number): string {
    const copy = this.view(view, memidx);
    return this.copyOf(memidx, `${copy}n`, `${copy}.length`);
  }
  private copyOf(memidx: number, name: string, value: string): string {
    const copies = this.views.get(memidx);
    if (copies === undefined) this.views.set(memidx, new Map([[name, value]]));
    else copies.set(name, value);
    return name;
  }
  /** The names of what is copied of memories. */
  get viewCopies(): string[] {
    return [...this.views.values()].flatMap((copies) => [...copies.keys()]);
  }
  /** Copies it anew: all views of a memory are others, or none. */
  get reloaded(): string {
    const texts = [...this.views.values()].map((copies) => {
      const all = [...copies].map(([name, value]) => `${name}=${value};`).join('');
      const [[name, value]] = copies;
      return copies.size === 1 ? all : `if(${name}!==${value}){${all}}`;
    });
    return texts.join('');
  }
  /** The DataView that is held for the function. */
  data(memidx: number): string {
    return `${this.need('views', memidx)}.data`;
  }
}
