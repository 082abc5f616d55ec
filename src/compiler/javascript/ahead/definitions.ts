/** What a module imports and defines beside functions, as text: memories, tables, globals, and what they begin with. */
import { F32, F64, I32, I64, isRef, type ModuleData, type ValType, valTypeName } from '../../../decoder';
import { InternalError } from '../../../errors';
import { bits } from '../../../lowering';
import { Expressions } from '../expressions';
import { Uses } from '../uses';
import { bytesText } from './assets';
import type { Border } from './border';
import { type Constant, readConstant } from './constants';
import type { Dialect } from './dialects';
import { type FileSurroundings, sharedGlobals, signature } from './surroundings';

/** The file that is being written. */
export interface FileParts {
  readonly module: ModuleData;
  readonly dialect: Dialect;
  /** Bytes that each memory has at most. */
  readonly mostMemory: number;
  readonly surroundings: FileSurroundings;
  readonly border: Border;
  /** Of the texts outside of functions. */
  readonly uses: Uses;
  /** Functions that somebody refers to. */
  readonly cells: Set<number>;
  part(name: string): string;
  take(uses: Uses): void;
}

export class Definitions {
  private readonly file: FileParts;

  constructor(file: FileParts) {
    this.file = file;
  }

  imports(): string[] {
    const texts: string[] = [];
    const next = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
    for (const { module, name, type } of this.file.module.imports) {
      const index = next[type.kind]++;
      const place = `imports,${JSON.stringify(module)},${JSON.stringify(name)}`;
      switch (type.kind) {
        case 'func':
          texts.push(`var I${index}=${this.file.part('importedFunc')}(${place},"${signature(type.type)}");`);
          texts.push(this.file.border.importText(index, type.type));
          break;
        case 'memory': {
          const { min, max, pageBits } = type.type;
          texts.push(
            `var m${index}=${this.file.part('importedMemory')}(${place},${min},${max ?? -1},${pageBits});`,
          );
          break;
        }
        case 'table': {
          const { min, max, element } = type.type;
          const made = `${this.file.part('importedTable')}(${place},${min},${max ?? -1},"${valTypeName(element)}")`;
          texts.push(`var T${index}=${made};`);
          break;
        }
        case 'global': {
          const given = `${place},"${letterOf(type.type.value)}",${type.type.mutable}`;
          texts.push(`var H${index}=${this.file.part('importedGlobal')}(${given});`);
          break;
        }
        case 'tag':
          throw new InternalError('a tag in a module that was not refused');
      }
    }
    return texts;
  }

  memories(): string[] {
    const { memories, imports } = this.file.module;
    const first = imports.filter(({ type }) => type.kind === 'memory').length;
    return memories.slice(first).map(({ min, max, pageBits }, k) => {
      const args = [min, max ?? -1, pageBits, this.file.mostMemory];
      return `var m${first + k}=${this.file.part('memory')}(${args.join()});`;
    });
  }

  /** Views that functions share: set anew when a memory grows. */
  views(): string[] {
    const fields = new Map<number, string[]>();
    const { needs } = this.file.uses;
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

  tables(): string[] {
    const { tableDefs, tables } = this.file.module;
    const first = tables.length - tableDefs.length;
    return tableDefs.map(({ type, init }, k) => {
      const value = init === undefined ? 'null' : this.constant(readConstant(this.file.module, init.start));
      const args = [type.min, type.max ?? -1, JSON.stringify(valTypeName(type.element)), value];
      return `var T${first + k}=${this.file.part('tableOf')}(${args.join()});`;
    });
  }

  globals(): string[] {
    const { globalDefs, globals } = this.file.module;
    const first = globals.length - globalDefs.length;
    const shared = sharedGlobals(this.file.module);
    return globalDefs.map(({ type, init }, k) => {
      const index = first + k;
      const constant = readConstant(this.file.module, init.start);
      if (isRef(type.value)) {
        const made = `${this.file.part('globalOf')}("${letterOf(type.value)}",${type.mutable},0,0,${this.constant(constant)})`;
        return `var H${index}=${made};`;
      }
      const [before, low, high] = this.words(constant);
      if (!shared.has(index)) return `${before}var g${index}=${low},w${index}=${high};`;
      const args = `"${letterOf(type.value)}",${type.mutable},${low},${high},null`;
      return `${before}var H${index}=${this.file.part('globalOf')}(${args});`;
    });
  }

  /** The words of a number, behind what computes them. */
  private words(constant: Constant): [before: string, low: string, high: string] {
    if (constant.kind !== 'number') throw new InternalError('a reference where a number is expected');
    const uses = new Uses();
    const writer = new Expressions(uses, { has: () => false }, this.file.surroundings);
    const expr = bits(constant.expr);
    const pair = expr.kind === 'I' ? writer.pair(expr) : { before: [], low: writer.scalar(expr), high: '0' };
    this.file.take(uses);
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
        this.file.cells.add(constant.index);
        return `C${constant.index}`;
      case 'global':
        return `H${constant.index}.ref`;
      case 'number':
        return this.words(constant)[1];
    }
  }

  segments(): string[] {
    const { module, dialect } = this.file;
    const texts: string[] = [];
    module.elements.forEach(({ mode, funcs, exprs, table, offset }, k) => {
      const items =
        funcs !== undefined
          ? [...funcs].map((index) => this.constant({ kind: 'func', index }))
          : Array.from(exprs!, (start) => this.constant(readConstant(module, start)));
      texts.push(`var Y${k}=${mode === 'declarative' ? 'null' : `[${items.join()}]`};`);
      if (mode !== 'active') return;
      const at = this.constant(readConstant(module, offset!.start));
      texts.push(`${this.file.part('tableInit')}(T${table},Y${k},${at},0,${items.length},-1);Y${k}=null;`);
    });
    module.datas.forEach(({ mode, bytes: { start, end }, memory, offset }, k) => {
      const { text, part } = bytesText(module.bytes.subarray(start, end), dialect.base64);
      if (part !== undefined) this.file.part(part);
      texts.push(`var D${k}=${text};`);
      if (mode !== 'active') return;
      const at = this.constant(readConstant(module, offset!.start));
      texts.push(`${this.file.part('memoryInit')}(m${memory},D${k},${at},0,${end - start},-1);D${k}=null;`);
    });
    return texts;
  }
}

function letterOf(type: ValType): string {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return 'f';
  if (type === F64) return 'F';
  return valTypeName(type);
}
