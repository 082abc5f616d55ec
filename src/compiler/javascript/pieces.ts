/**
 * V8 compiles no function of more than 60 KB of bytecode: it runs slowly for ever. So of a long function, loops are written as functions of
 * their own. Variables go there and back by others of the same names with a `$`, which all functions of the text see; the piece's result
 * says where control goes from it.
 *
 *     var $i3=0,$n=0,$pc=0;
 *     function p0(fp,sp){var i3=$i3,n=$n,pc=$pc,q=1;x:{try{L4:for(;;){ ...; q=2;break x; ...; break L4}q=0}catch(e){$n=n;$pc=pc;throw e}}
 *       $i3=i3;$n=n;$pc=pc;return q}
 *     function f(...){ ...; $i3=i3;$n=n;$pc=pc;pc=-1;q=p0(fp,sp);i3=$i3;n=$n;pc=$pc;switch(q){case 1:break x;case 2:break L1;} ... }
 *
 * 0: the loop has ended; 1: the frame leaves; from 2 on: jumps out of the piece, and returns. An exception passes through the piece, and the
 * function finds in `$n` and `$pc` what the piece had counted and where it was (functions.ts).
 */
import { type LoweredBody, listsIn, type Statement } from '../../lowering';
import type { Control } from './surroundings';
import type { Uses } from './uses';
import { everyStatement } from './walk';

/** Bytes of code from which on a function is long. A byte of wasm has become three to six of bytecode. */
export const LONG_CODE = 10_000;
/** Statements of a piece: of a hundred bytes of bytecode each at most, but for very long expressions. */
const MOST_STATEMENTS = 600;
const TAILS: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'tail',
  'tail_indirect',
  'tail_ref',
]);

/** Who writes a function, or a piece of it. */
interface Writer {
  readonly uses: Uses;
  throws: boolean;
  leaves: boolean;
  write(): string;
  withViews(text: string): string;
}

/** Of one text: the loops that are pieces, and what has been written of them. */
export class Pieces {
  private readonly chosen = new Set<Statement>();
  private readonly texts: string[] = [];
  /** Variables that go there and back, with their first values. */
  private readonly passed = new Map<string, string>();

  constructor({ statements }: LoweredBody) {
    const sizes = new Map<Statement, number>();
    measure(statements, sizes);
    this.choose(statements, sizes);
  }

  /** One that has been written may throw. */
  throws = false;

  has(loop: Statement): boolean {
    return this.chosen.has(loop);
  }

  /** Loops that are short enough, the outer ones first. */
  private choose(list: readonly Statement[], sizes: ReadonlyMap<Statement, number>): void {
    for (const statement of list) {
      const isLoop = statement.kind === 'loop' && statement.label.used;
      if (isLoop && sizes.get(statement)! <= MOST_STATEMENTS) this.chosen.add(statement);
      else for (const inner of listsIn(statement)) this.choose(inner, sizes);
    }
  }

  /** What stands before the functions. */
  get text(): string {
    if (this.texts.length === 0) return '';
    const names = [...this.passed].map(([name, value]) => `$${name}=${value}`);
    return `var ${names.join()};${this.texts.join('')}`;
  }

  /** Writes a loop as a piece; `piece` writes what is in it, and `exits` knows how control leaves from there. The text of its call. */
  write(whole: Writer, piece: Writer, exits: Exits): string {
    const text = piece.withViews(piece.uses.copying(() => piece.write()));
    if (piece.throws) piece.uses.variable('pc');
    const { variables } = piece.uses;
    const passed = [...variables.keys()].filter((name) => !/^t\d+$/.test(name));
    for (const name of passed) {
      const value = variables.get(name)!;
      this.passed.set(name, value);
      whole.uses.variables.set(name, value);
    }
    const each = (write: (name: string) => string): string => passed.map(write).join('');
    const own = [...variables].map(
      ([name, value]) => `${name}=${passed.includes(name) ? `$${name}` : value}`,
    );
    const declared = [...piece.uses.copied(), ...own, 'q=1'];
    const caught = `try{${text}q=0}catch(e){$n=n;$pc=pc;throw e}`;
    const back = each((name) => `$${name}=${name};`);
    const name = `p${this.texts.length}`;
    this.texts.push(
      `function ${name}(fp,sp){var ${declared.join()};x:{${piece.throws ? caught : `${text}q=0`}}${back}return q}`,
    );
    this.throws ||= piece.throws;
    whole.throws ||= piece.throws;
    whole.leaves ||= piece.leaves;
    const result = whole.uses.variable('q');
    const before = each((passing) => `$${passing}=${passing};`) + (piece.throws ? 'pc=-1;' : '');
    const after = each((passing) => `${passing}=$${passing};`);
    const cases = [piece.leaves ? 'case 1:break x;' : '', ...exits.cases()].join('');
    return `${before}${result}=${name}(fp,sp);${after}${cases === '' ? '' : `switch(${result}){${cases}}`}`;
  }
}

/** Where control goes from a piece, by the numbers that it returns. */
export class Exits {
  private readonly texts: string[] = [];
  private readonly inside = new Set<number>();

  constructor(loop: Statement) {
    everyStatement([loop], (statement) => {
      if ('label' in statement && statement.label !== undefined) this.inside.add(statement.label.id);
    });
  }

  /** Leaves the piece; then whoever has called it does this. */
  to(text: string): string {
    let k = this.texts.indexOf(text);
    if (k < 0) k = this.texts.push(text) - 1;
    return `q=${k + 2};break x;`;
  }

  cases(): string[] {
    return this.texts.map((text, k) => `case ${k + 2}:${text}`);
  }

  /** Jumps within the piece are as they were. */
  control(control: Control): Control {
    const go = (id: number, text: string): string => (this.inside.has(id) ? text : this.to(text));
    return {
      ...control,
      leave: (id) => go(id, control.leave(id)),
      repeat: (id) => go(id, control.repeat(id)),
    };
  }
}

/** Statements of a list, and of each loop in it. A loop with tail calls, which end the function, is too long for anything. */
function measure(list: readonly Statement[], sizes: Map<Statement, number>): number {
  let size = 0;
  for (const statement of list) {
    let own = TAILS.has(statement.kind) ? Number.POSITIVE_INFINITY : 1;
    for (const inner of listsIn(statement)) own += measure(inner, sizes);
    if (statement.kind === 'loop') sizes.set(statement, own);
    size += own;
  }
  return size;
}
