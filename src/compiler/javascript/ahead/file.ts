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
import { F32, F64, I32, I64, isRef, type ModuleData, type ValType, valTypeName } from '../../../decoder';
import { InternalError } from '../../../errors';
import { bits } from '../../../lowering';
import { bodyOf } from '../bodies';
import { Expressions } from '../expressions';
import { Uses } from '../uses';
import { Assets, bytesText } from './assets';
import { Border } from './border';
import { type Constant, readConstant } from './constants';
import { DIALECTS, type Dialect, type Target } from './dialects';
import { callGraph, type FileFunction, fileFunction } from './functions';
import { whyNoFile } from './refusals';
import { emptyRecordText } from './sites';
import { type Density, densityOf } from './speed';
import { stateText } from './state';
import {
  type FileSurroundings,
  type FrameNeeds,
  sharedGlobals,
  signature,
  surroundingsOf,
} from './surroundings';

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

function bytesOfMemories({ memories, imports }: ModuleData, { memory = 2 ** 32 }: FileOptions): number {
  const first = imports.filter(({ type }) => type.kind === 'memory').length;
  let bytes = 0;
  for (const { min, pageBits } of memories.slice(first)) bytes += Math.min(min * 2 ** pageBits, memory);
  return bytes;
}

class FileWriter {
  usesStack = false;
  private readonly module: ModuleData;
  private readonly dialect: Dialect;
  private readonly options: FileOptions;
  private readonly frame: FrameNeeds & { readonly tails: boolean };
  private readonly surroundings: FileSurroundings;
  private readonly border: Border;
  private readonly assets: Assets;
  /** Of the texts outside of functions. */
  private readonly uses = new Uses();
  private readonly functions = new Map<number, FileFunction>();
  private readonly cells = new Set<number>();
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
      this.take(made.uses);
    }
    const segments = this.segmentTexts();
    const exports = this.exportsText();
    if (frame.pauses) this.late.push(...this.recordTexts());
    const things = [
      ...this.importTexts(),
      ...this.memoryTexts(),
      ...this.tableTexts(),
      ...this.globalTexts(),
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
      ...this.viewTexts(),
      ...this.functionTexts,
      ...this.late,
      ...segments,
      ...state,
    ].join('\n');
    return this.wrapped(`function instantiate(imports){\n${body}\n${exports}\n}`);
  }

  get functionTexts(): string[] {
    return [...this.functions.values()].map(({ text }) => text);
  }

  /** Some text names `W`, as templates do for the high words of results. */
  private get usesHigh(): boolean {
    return [...this.functions.values()].some(({ text }) => text.includes('W.hi'));
  }

  private take(uses: Uses): void {
    this.usesStack ||= uses.usesStack;
    for (const [name, need] of uses.needs) {
      this.uses.needs.set(name, need);
      if (need.kind === 'numeric' || need.kind === 'math') this.assets.add(need.name);
      if (need.kind === 'cell') this.cells.add(need.index);
    }
  }

  private part(name: string): string {
    return this.uses.helper('numeric', name);
  }

  private typeOf(funcidx: number): { params: readonly ValType[]; results: readonly ValType[] } {
    return this.module.types[this.module.funcTypes[funcidx]].composite.func;
  }

  // State

  private importTexts(): string[] {
    const texts: string[] = [];
    const next = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
    for (const { module, name, type } of this.module.imports) {
      const index = next[type.kind]++;
      const place = `imports,${JSON.stringify(module)},${JSON.stringify(name)}`;
      switch (type.kind) {
        case 'func':
          texts.push(`var I${index}=${this.part('importedFunc')}(${place},"${signature(type.type)}");`);
          texts.push(this.border.importText(index, type.type));
          break;
        case 'memory': {
          const { min, max, pageBits } = type.type;
          texts.push(
            `var m${index}=${this.part('importedMemory')}(${place},${min},${max ?? -1},${pageBits});`,
          );
          break;
        }
        case 'table': {
          const { min, max, element } = type.type;
          const made = `${this.part('importedTable')}(${place},${min},${max ?? -1},"${valTypeName(element)}")`;
          texts.push(`var T${index}=${made};`);
          break;
        }
        case 'global': {
          const given = `${place},"${letterOf(type.type.value)}",${type.type.mutable}`;
          texts.push(`var H${index}=${this.part('importedGlobal')}(${given});`);
          break;
        }
        case 'tag':
          throw new InternalError('a tag in a module that was not refused');
      }
    }
    return texts;
  }

  private memoryTexts(): string[] {
    const { memories, imports } = this.module;
    const first = imports.filter(({ type }) => type.kind === 'memory').length;
    return memories.slice(first).map(({ min, max, pageBits }, k) => {
      const most = this.options.memory ?? 2 ** 32;
      const args = [min, max ?? -1, pageBits, most];
      return `var m${first + k}=${this.part('memory')}(${args.join()});`;
    });
  }

  /** Views that functions share: set anew when a memory grows. */
  private viewTexts(): string[] {
    const fields = new Map<number, string[]>();
    const { needs } = this.uses;
    for (const [name, need] of needs) {
      if (need.kind !== 'view' && need.kind !== 'length') continue;
      const field = need.kind === 'view' ? need.view : 'length';
      const list = fields.get(need.index);
      const text = `${name}=m${need.index}.${field};`;
      if (list === undefined) fields.set(need.index, [text]);
      else list.push(text);
    }
    return [...fields].map(([memidx, list]) => {
      const names = list.map((text) => text.slice(0, text.indexOf('='))).join();
      const set = `v${memidx}`;
      return `var ${names};function ${set}(){${list.join('')}}${set}();m${memidx}.watchers.push(${set});`;
    });
  }

  private tableTexts(): string[] {
    const { tableDefs, tables } = this.module;
    const first = tables.length - tableDefs.length;
    return tableDefs.map(({ type, init }, k) => {
      const value = init === undefined ? 'null' : this.constant(readConstant(this.module, init));
      const args = [type.min, type.max ?? -1, JSON.stringify(valTypeName(type.element)), value];
      return `var T${first + k}=${this.part('tableOf')}(${args.join()});`;
    });
  }

  private globalTexts(): string[] {
    const { globalDefs, globals } = this.module;
    const first = globals.length - globalDefs.length;
    const shared = sharedGlobals(this.module);
    return globalDefs.map(({ type, init }, k) => {
      const index = first + k;
      const constant = readConstant(this.module, init);
      if (isRef(type.value)) {
        const made = `${this.part('globalOf')}("${letterOf(type.value)}",${type.mutable},0,0,${this.constant(constant)})`;
        return `var H${index}=${made};`;
      }
      const [before, low, high] = this.words(constant);
      if (!shared.has(index)) return `${before}var g${index}=${low},w${index}=${high};`;
      const args = `"${letterOf(type.value)}",${type.mutable},${low},${high},null`;
      return `${before}var H${index}=${this.part('globalOf')}(${args});`;
    });
  }

  /** The words of a number, behind what computes them. */
  private words(constant: Constant): [before: string, low: string, high: string] {
    if (constant.kind !== 'number') throw new InternalError('a reference where a number is expected');
    const uses = new Uses();
    const writer = new Expressions(uses, { has: () => false }, this.surroundings);
    const expr = bits(constant.expr);
    const pair = expr.kind === 'I' ? writer.pair(expr) : { before: [], low: writer.scalar(expr), high: '0' };
    this.take(uses);
    const names = [...uses.variables.keys()];
    const declared = names.length === 0 ? '' : `var ${names.join()};`;
    return [declared + pair.before.map((text) => `${text};`).join(''), pair.low, pair.high];
  }

  /** A reference, or an i32. */
  private constant(constant: Constant): string {
    switch (constant.kind) {
      case 'null':
        return 'null';
      case 'func':
        this.cells.add(constant.index);
        return `C${constant.index}`;
      case 'global':
        return `H${constant.index}.ref`;
      case 'number':
        return this.words(constant)[1];
    }
  }

  private segmentTexts(): string[] {
    const { module, dialect } = this;
    const texts: string[] = [];
    module.elements.forEach(({ mode, funcs, exprs, table, offset }, k) => {
      const items =
        funcs !== undefined
          ? [...funcs].map((index) => this.constant({ kind: 'func', index }))
          : exprs!.map((expr) => this.constant(readConstant(module, expr)));
      texts.push(`var Y${k}=${mode === 'declarative' ? 'null' : `[${items.join()}]`};`);
      if (mode !== 'active') return;
      const at = this.constant(readConstant(module, offset!));
      texts.push(`${this.part('tableInit')}(T${table},Y${k},${at},0,${items.length},-1);Y${k}=null;`);
    });
    module.datas.forEach(({ mode, bytes: { start, end }, memory, offset }, k) => {
      const { text, part } = bytesText(module.bytes.subarray(start, end), dialect.base64);
      if (part !== undefined) this.part(part);
      texts.push(`var D${k}=${text};`);
      if (mode !== 'active') return;
      const at = this.constant(readConstant(module, offset!));
      texts.push(`${this.part('memoryInit')}(m${memory},D${k},${at},0,${end - start},-1);D${k}=null;`);
    });
    return texts;
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

function letterOf(type: ValType): string {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return 'f';
  if (type === F64) return 'F';
  return valTypeName(type);
}
