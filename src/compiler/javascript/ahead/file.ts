/**
 * A module as one JavaScript file, for engines that are too small for a decoder or an interpreter.
 *
 *     parts (parts/)
 *     function instantiate(imports){
 *       imports, memories, tables, globals     I0 m0 T0 H0 g0 w0
 *       functions                              F7, C7 where somebody refers to one, G7 with arguments on the stack
 *       segments, start                        D0 Y0
 *       return{exports:{...}}
 *     }
 *
 * The same module, options and version give the same text.
 */
import type { ModuleData, ValType } from '../../../decoder';
import { InternalError } from '../../../errors';
import { bodyOf } from '../bodies';
import { Uses } from '../uses';
import { Assets } from './assets';
import { Border } from './border';
import { Definitions, type FileParts } from './definitions';
import { DIALECTS, type Dialect, type Target } from './dialects';
import { callGraph, type FileFunction, fileFunction } from './functions';
import { whyNoFile } from './refusals';
import { emptyRecordText } from './sites';
import { type Density, densityOf } from './speed';
import { stateText } from './state';
import { type FileSurroundings, type FrameNeeds, signature, surroundingsOf } from './surroundings';

export interface FileOptions {
  readonly target: Target;
  /** What a script calls the module. */
  readonly name?: string;
  /** How often functions may call each other. */
  readonly depth?: number;
  /** Bytes that each memory really has, where that is less than its pages. */
  readonly memory?: number;
  /** Its functions can be stopped, and it writes and reads snapshots. */
  readonly pausable?: boolean;
}

export type CompiledFile =
  /** `memory`: bytes of its memories at first. */
  | { readonly kind: 'file'; readonly text: string; readonly memory: number; readonly density: Density }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Frames of a module whose functions do not call themselves: as many as there are functions at most. */
const MOST_FRAMES = 1e9;
/** Bytes that a memory can have. */
const MOST_MEMORY = 2 ** 32;
/** What a script calls the module if nobody says otherwise. */
const DEFAULT_NAME = 'wasm';

export function compileFile(module: ModuleData, options: FileOptions): CompiledFile {
  const reasons = whyNoFile(module);
  if (reasons.length > 0) return { kind: 'refused', reasons };
  const known = DIALECTS[options.target];
  const room = { ...known.room, depth: options.depth ?? known.room.depth };
  const dialect: Dialect = { ...known, room };
  const { circles, tails } = callGraph(module);
  const frame = { depth: circles, tails, pauses: options.pausable === true };
  const first = new FileWriter(module, dialect, options, { ...frame, stack: true });
  const text = first.write();
  const memory = bytesOfMemories(module, options);
  if (first.usesStack) return { kind: 'file', text, memory, density: densityOf(module, first.functionTexts) };
  const second = new FileWriter(module, dialect, options, { ...frame, stack: false });
  return { kind: 'file', text: second.write(), memory, density: densityOf(module, second.functionTexts) };
}

function bytesOfMemories({ memories, imports }: ModuleData, { memory = MOST_MEMORY }: FileOptions): number {
  const first = imports.filter(({ type }) => type.kind === 'memory').length;
  let bytes = 0;
  for (const { min, pageBits } of memories.slice(first)) bytes += Math.min(min * 2 ** pageBits, memory);
  return bytes;
}

class FileWriter implements FileParts {
  usesStack = false;
  readonly module: ModuleData;
  readonly dialect: Dialect;
  private readonly options: FileOptions;
  private readonly frame: FrameNeeds & { readonly tails: boolean };
  readonly surroundings: FileSurroundings;
  readonly border: Border;
  private readonly assets: Assets;
  readonly uses = new Uses();
  private readonly functions = new Map<number, FileFunction>();
  readonly cells = new Set<number>();
  /** What comes behind the functions that it names: engines without hoisting know them only there. */
  private readonly late: string[] = [];

  constructor(
    module: ModuleData,
    dialect: Dialect,
    options: FileOptions,
    frame: FrameNeeds & { readonly tails: boolean },
  ) {
    this.module = module;
    this.dialect = dialect;
    this.options = options;
    this.frame = frame;
    this.surroundings = surroundingsOf(module, dialect, frame);
    this.border = new Border(dialect, frame);
    this.assets = new Assets(dialect);
  }

  write(): string {
    const { module, frame, dialect } = this;
    const { importedFuncs, funcTypes } = module;
    for (let k = importedFuncs; k < funcTypes.length; k++) {
      const made = fileFunction(module, bodyOf(module, k), this.surroundings, { dialect, frame });
      this.functions.set(k, made);
      for (const uses of made.uses) this.take(uses);
    }
    const definitions = new Definitions(this);
    const segments = definitions.segments();
    const exports = this.exportsText();
    if (frame.pauses) this.late.push(...this.recordTexts());
    const things = [
      ...definitions.imports(),
      ...definitions.memories(),
      ...definitions.tables(),
      ...definitions.globals(),
    ];
    const cells = this.cellTexts();
    const state = frame.pauses ? [this.stateText()] : [];
    this.take(this.border.needs);
    this.take(this.uses);
    if (this.usesHigh) this.assets.add('W');
    const constants = [...this.surroundings.constants].map(([name, text]) => `var ${name}=${text};`);
    const body = [
      ...constants,
      ...this.stackTexts(),
      ...cells,
      ...things,
      ...definitions.views(),
      ...this.functionTexts,
      ...this.late,
      ...segments,
      ...state,
    ].join('\n');
    return this.wrapped(`function instantiate(imports){\n${body}\n${exports}\n}`);
  }

  get mostMemory(): number {
    return this.options.memory ?? MOST_MEMORY;
  }

  get functionTexts(): string[] {
    return [...this.functions.values()].map(({ text }) => text);
  }

  /** Some text names `W`, as templates do for the high words of results. */
  private get usesHigh(): boolean {
    return [...this.functions.values()].some(({ text }) => text.includes('W.hi'));
  }

  take(uses: Uses): void {
    this.usesStack ||= uses.usesStack;
    for (const [name, need] of uses.needs) {
      this.uses.needs.set(name, need);
      if (need.kind === 'numeric' || need.kind === 'math') this.assets.add(need.name);
      if (need.kind === 'cell') this.cells.add(need.index);
    }
  }

  part(name: string): string {
    return this.uses.helper('numeric', name);
  }

  private typeOf(funcidx: number): { params: readonly ValType[]; results: readonly ValType[] } {
    return this.module.types[this.module.funcTypes[funcidx]].composite.func;
  }

  private stackTexts(): string[] {
    if (!this.frame.stack) return [];
    const views = 'S=new Int32Array(b),SF=new Float32Array(b),SD=new Float64Array(b),R=[]';
    return [`var b=new ArrayBuffer(${4 * (this.dialect.room.words + 64)}),${views};`];
  }

  // Functions

  private stateText(): string {
    const { module, frame, dialect } = this;
    const letters = new Set([...this.functions.values()].flatMap(({ record }) => [...(record?.types ?? '')]));
    for (const separator of '|.') letters.delete(separator);
    return stateText(module, {
      cells: [...this.cells].sort((a, b) => a - b),
      depth: frame.depth ? dialect.room.depth : MOST_FRAMES,
      letters,
      grows: this.assets.has('memoryGrow') || module.imports.some(({ type }) => type.kind === 'memory'),
      part: (name) => this.part(name),
    });
  }

  /** Of functions that pause, and of all that are exported. */
  private recordTexts(): string[] {
    const texts = new Map<number, string>();
    for (const [k, { record }] of this.functions) if (record !== undefined) texts.set(k, record.text);
    for (const { kind, index } of this.module.exports) {
      if (kind === 'func' && !texts.has(index)) texts.set(index, emptyRecordText(index));
    }
    return [...texts.values()];
  }

  /** Cells, which functions name, and what is called by them. */
  private cellTexts(): string[] {
    return [...this.cells]
      .sort((a, b) => a - b)
      .map((k) => {
        const type = this.typeOf(k);
        const inner = this.functions.get(k)?.inner ?? `F${k}`;
        const stack = this.frame.tails ? this.border.stackText(k, inner, type) : '';
        const host = this.border.exportText(k, type);
        const cell = `{f:null,g:null,t:"${signature(type)}",h:null}`;
        const given = `C${k}.f=F${k};${this.frame.tails ? `C${k}.g=G${k};` : ''}`;
        this.late.push(`${given}${this.part('callable')}(C${k},${host});`);
        return `${stack}var C${k}=${cell};`;
      });
  }

  private exportsText(): string {
    const { module } = this;
    const entries = module.exports.map(
      ({ name, kind, index }) => `${JSON.stringify(name)}:${this.exported(kind, index)}`,
    );
    const { start } = module;
    const first = start === undefined ? '' : this.startText(start);
    const instance = `{exports:{${entries.join()}}}`;
    return `${first}return${this.frame.pauses ? ` ${this.part('pausable')}(${instance},P)` : instance}`;
  }

  private startText(start: number): string {
    const depth = this.frame.depth ? `${this.part('Z')}.depth` : '';
    const args = [...(this.frame.stack ? ['0'] : []), ...(this.frame.depth ? [depth] : [])];
    return `F${start}(${args.join()});`;
  }

  private exported(kind: string, index: number): string {
    switch (kind) {
      case 'func':
        if (!this.dialect.links && !this.cells.has(index)) {
          return this.border.exportText(index, this.typeOf(index));
        }
        // The same function for each of its names, and in tables.
        this.cells.add(index);
        return `C${index}.h`;
      case 'memory':
        return `m${index}`;
      case 'table':
        return `T${index}`;
      case 'global':
        return `H${index}`;
      default:
        throw new InternalError(`a ${kind} in a module that was not refused`);
    }
  }

  private wrapped(instantiate: string): string {
    const { form } = this.dialect;
    const body = `${this.assets.text().join('\n')}\n${instantiate}`;
    if (form === 'module') return `${body}\nexport{instantiate};\n`;
    const name = this.options.name ?? DEFAULT_NAME;
    const shown = `if(typeof module!=="undefined")module.exports=${name};`;
    return `var ${name}=(function(){\n${body}\nreturn{instantiate:instantiate};\n})();\n${shown}\n`;
  }
}
