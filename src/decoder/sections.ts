/** The sections of a module (spec chapter "binary/modules"), decoded and validated in one pass. */

import { invalid, malformed } from '../errors';
import { walkCode } from './codewalk';
import { Context } from './context';
import { readElement } from './elements';
import { EXCEPTION_ROWS } from './exceptions';
import type { Features } from './features';
import { checkLimit, type LIMITS } from './limits';
import type {
  CustomSection,
  DataSegment,
  ElementSegment,
  Export,
  GlobalDef,
  Import,
  TableDef,
} from './module';
import type { Parts } from './parts';
import { Reader, UNEXPECTED_END } from './reader';
import { addressType } from './rules';
import { CODE_RULES, CONSTANT_RULES } from './ruleset';
import {
  funcTypeAt,
  readGlobalType,
  readMemoryType,
  readTableType,
  readTagType,
  readTypeGroup,
  readTypeIndex,
} from './typereader';
import { type ExternKind, type ExternType, type FuncType, isNullable } from './types';
import { unsupported } from './unsupported';
import { Validator } from './validator';

export const SECTIONS = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;
export type SectionName = keyof typeof SECTIONS;
export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];

/** The order in which sections must come. Custom sections may stand anywhere. */
const ORDER: readonly SectionName[] = [
  'type',
  'import',
  'function',
  'table',
  'memory',
  'tag',
  'global',
  'export',
  'start',
  'element',
  'dataCount',
  'code',
  'data',
];

/** Where a section lies: its id byte at `offset`, its contents in `[start, end)`. */
export interface SectionExtent {
  readonly section: SectionName;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

const EXTERN_KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global', 'tag'];
const EXTERN_NAMES = {
  func: 'function',
  table: 'table',
  memory: 'memory',
  global: 'global',
  tag: 'tag',
} as const;

const UNINITIALIZED = 'type mismatch: a table of references that are not null needs an initializer';
const INCONSISTENT_CODE = 'function and code section have inconsistent lengths';
/** Bytes that are decoded at once, function bodies apart. */
const PART = 16_384;
const MAGIC = 0x6d736100;
const VERSION = 1;
/** What components of the component model have in the upper half of the version. */
const COMPONENT_LAYER = 1;

export function readHeader(r: Reader): void {
  if (r.word() !== MAGIC) throw malformed('magic header not detected', 0);
  const version = r.word();
  if (version >>> 16 === COMPONENT_LAYER) {
    throw malformed(
      'unknown binary version: this is a component, not a module (its core modules run here)',
      4,
    );
  }
  if (version !== VERSION) throw malformed('unknown binary version', 4);
}

export class ModuleDecoder {
  readonly context: Context;
  readonly imports: Import[] = [];
  readonly exports: Export[] = [];
  readonly tableDefs: TableDef[] = [];
  readonly globalDefs: GlobalDef[] = [];
  readonly elements: ElementSegment[] = [];
  readonly datas: DataSegment[] = [];
  readonly customs: CustomSection[] = [];
  /** In the order of the module, as far as it could be read. */
  readonly extents: SectionExtent[] = [];
  start: number | undefined;
  importedFuncs = 0;
  codeStart = new Uint32Array(0);
  codeEnd = new Uint32Array(0);
  mostCalls = 0;

  private readonly reader: Reader;
  private readonly validator: Validator;
  /** Where the section at hand says it ends. */
  private end = 0;
  private partEnd = 0;
  private readonly contents: Readonly<Record<SectionName, () => Parts | undefined>> = {
    custom: () => this.custom(),
    type: () => this.vector('types', () => this.type()),
    import: () => this.vector('imports', () => this.import()),
    function: () => this.vector('functions', () => this.function()),
    table: () => this.vector('tables', () => this.table()),
    memory: () => this.vector('memories', () => this.memory()),
    tag: () => this.vector('tags', () => this.tag()),
    global: () => this.vector('globals', () => this.global()),
    export: () => this.exportSection(),
    start: () => this.startSection(),
    element: () => this.elementSection(),
    dataCount: () => this.dataCount(),
    code: () => this.code(),
    data: () => this.vector('dataSegments', () => this.data()),
  };

  constructor(bytes: Uint8Array, features: Features, walk = walkCode) {
    checkLimit('moduleSize', bytes.length, 0);
    this.context = new Context(bytes, features);
    this.reader = new Reader(bytes);
    this.validator = new Validator(this.context, { body: walk, code: CODE_RULES, constant: CONSTANT_RULES });
  }

  /** How far it is: in the middle of a long body the validator is ahead. */
  get position(): number {
    return Math.max(this.reader.pos, this.validator.reader.pos);
  }

  /** Decodes everything, in parts of bounded work. */
  *parts(): Parts {
    const r = this.reader;
    readHeader(r);
    let last = -1;
    while (r.pos < r.end) {
      const offset = r.pos;
      const section = SECTION_NAMES[r.u8()];
      if (section === undefined) throw malformed('malformed section id', offset);
      if (section !== 'custom') {
        const order = ORDER.indexOf(section);
        if (order <= last) throw malformed('unexpected content after last section', offset);
        last = order;
      }
      const size = r.count();
      const start = r.pos;
      this.end = start + size;
      this.extents.push({ section, offset, start, end: this.end });
      const rest = this.contents[section]();
      if (rest !== undefined) yield* rest;
      if (r.pos !== this.end) throw malformed('section size mismatch', start);
    }
    this.finish();
  }

  private *vector(limit: keyof typeof LIMITS, item: () => void): Parts {
    const offset = this.reader.pos;
    const count = this.reader.count();
    checkLimit(limit, count, offset);
    for (let i = this.items(0, count, item); i < count; i = this.items(i, count, item)) yield;
  }

  /** Some items of a vector: the index of the next one. Not in the generator, which engines take longer to compile. */
  private items(first: number, count: number, item: () => void): number {
    let i = first;
    while (i < count && !this.isPartDone()) {
      item();
      i++;
    }
    return i;
  }

  private isPartDone(): boolean {
    const { pos } = this.reader;
    if (pos < this.partEnd) return false;
    this.partEnd = pos + PART;
    return true;
  }

  private custom(): undefined {
    const { reader: r, end } = this;
    const name = r.name();
    const start = r.pos;
    if (start > end) throw malformed(UNEXPECTED_END, end);
    r.skip(end - start);
    this.customs.push({ name, bytes: { start, end } });
  }

  private type(): void {
    readTypeGroup(this.reader, this.context);
  }

  private import(): void {
    const r = this.reader;
    const module = r.name();
    const name = r.name();
    const offset = r.pos;
    const kind = EXTERN_KINDS[r.u8()];
    if (kind === undefined) throw malformed('malformed import kind', offset);
    this.imports.push({ module, name, type: this.importType(kind, offset) });
  }

  private importType(kind: ExternKind, offset: number): ExternType {
    const { context, reader: r } = this;
    switch (kind) {
      case 'func': {
        const typeidx = readTypeIndex(r, context);
        context.funcTypes.push(typeidx);
        this.importedFuncs++;
        return { kind, typeidx, type: funcTypeAt(context, typeidx) };
      }
      case 'table': {
        const type = readTableType(r, context);
        this.addTable(offset);
        context.tables.push(type);
        return { kind, type };
      }
      case 'memory': {
        const type = readMemoryType(r, context);
        this.addMemory(offset);
        context.memories.push(type);
        return { kind, type };
      }
      case 'global': {
        const type = readGlobalType(r, context);
        if (type.mutable) context.need('mutableGlobals', offset);
        context.globals.push(type);
        return { kind, type };
      }
      case 'tag': {
        const { typeidx, type } = this.tag();
        return { kind, typeidx, type };
      }
    }
  }

  /** Before one more table joins. */
  private addTable(offset: number): void {
    const { tables } = this.context;
    checkLimit('tables', tables.length + 1, offset);
    if (tables.length > 0) this.context.need('referenceTypes', offset, 'multiple tables: ');
  }

  private addMemory(offset: number): void {
    const { memories } = this.context;
    checkLimit('memories', memories.length + 1, offset);
    if (memories.length > 0) this.context.need('multiMemory', offset, 'multiple memories: ');
  }

  private function(): void {
    this.context.funcTypes.push(readTypeIndex(this.reader, this.context));
  }

  private table(): void {
    const { context, reader: r } = this;
    const offset = r.pos;
    this.addTable(offset);
    const hasInit = r.u8() === 0x40;
    if (hasInit) this.zero();
    else r.pos = offset;
    const type = readTableType(r, context);
    if (hasInit) context.need('functionReferences', offset);
    else if (!isNullable(type.element)) throw invalid(UNINITIALIZED, offset);
    const init = hasInit ? this.validator.constant(type.element, r.pos, this.end) : undefined;
    if (init) r.pos = init.end;
    context.tables.push(type);
    this.tableDefs.push({ type, init });
  }

  private zero(): void {
    const offset = this.reader.pos;
    if (this.reader.u8() !== 0) throw malformed('zero byte expected', offset);
  }

  private memory(): void {
    this.addMemory(this.reader.pos);
    this.context.memories.push(readMemoryType(this.reader, this.context));
  }

  private tag(): { typeidx: number; type: FuncType } {
    const { context, reader } = this;
    if (!(EXCEPTION_ROWS.length > 0)) throw unsupported('exception handling', reader.pos);
    context.need('exceptionHandling', reader.pos);
    const { typeidx, type } = readTagType(reader, context);
    context.tags.push({ type, typeId: context.types[typeidx].id });
    return { typeidx, type };
  }

  private global(): void {
    const { context, reader: r } = this;
    const type = readGlobalType(r, context);
    const init = this.validator.constant(type.value, r.pos, this.end);
    r.pos = init.end;
    context.globals.push(type);
    this.globalDefs.push({ type, init });
  }

  private exportSection(): Parts {
    const names = new Set<string>();
    return this.vector('exports', () => {
      const offset = this.reader.pos;
      const name = this.reader.name();
      if (names.has(name)) throw invalid(`duplicate export name "${name}"`, offset);
      names.add(name);
      this.export(name);
    });
  }

  private export(name: string): void {
    const { context, reader: r } = this;
    const offset = r.pos;
    const kind = EXTERN_KINDS[r.u8()];
    if (kind === undefined) throw malformed('malformed export kind', offset);
    const index = r.u32();
    const { funcTypes, tables, memories, globals, tags } = context;
    const count = { func: funcTypes, table: tables, memory: memories, global: globals, tag: tags }[kind]
      .length;
    if (index >= count) throw invalid(`unknown ${EXTERN_NAMES[kind]} ${index}`, offset);
    if (kind === 'func') context.declare(index);
    if (kind === 'global' && globals[index].mutable) {
      context.need('mutableGlobals', offset);
    }
    this.exports.push({ name, kind, index });
  }

  private startSection(): undefined {
    const { context, reader: r } = this;
    const offset = r.pos;
    const funcidx = r.u32();
    if (funcidx >= context.funcTypes.length) throw invalid(`unknown function ${funcidx}`, offset);
    const { params, results } = context.funcType(funcidx);
    if (params.length + results.length > 0) {
      throw invalid('start function must not have parameters or results', offset);
    }
    this.start = funcidx;
  }

  private *elementSection(): Parts {
    const { context, reader: r, validator } = this;
    const offset = r.pos;
    const count = r.count();
    checkLimit('elementSegments', count, offset);
    for (let i = 0; i < count; i++) {
      const segment = yield* readElement(r, context, validator, this.end, () => this.isPartDone());
      this.elements.push(segment);
      context.elementTypes.push(segment.type);
    }
  }

  private dataCount(): undefined {
    const offset = this.reader.pos;
    this.context.need('bulkMemory', offset);
    this.context.dataCount = this.reader.u32();
    checkLimit('dataSegments', this.context.dataCount, offset);
  }

  private *code(): Parts {
    const { context, reader: r } = this;
    const offset = r.pos;
    const count = r.count();
    checkLimit('functions', count, offset);
    this.codeStart = new Uint32Array(count);
    this.codeEnd = new Uint32Array(count);
    // With a wrong number of entries their types are not known, and `finish` rejects the module.
    const typed = count === context.funcTypes.length - this.importedFuncs;
    for (let i = 0; i < count; i++) {
      const size = r.count();
      const start = r.pos;
      if (this.isPartDone()) yield;
      const rest = typed ? this.body(this.importedFuncs + i, start, start + size) : undefined;
      if (rest !== undefined) yield* rest;
      this.mostCalls = Math.max(this.mostCalls, this.validator.calls);
      r.skip(size);
      this.codeStart[i] = start;
      this.codeEnd[i] = r.pos;
    }
  }

  protected body(funcidx: number, start: number, end: number): Parts | undefined {
    return this.validator.func(this.context.funcType(funcidx), start, end);
  }

  private data(): void {
    const { context, reader: r } = this;
    const offset = r.pos;
    const kind = r.u32();
    if (kind > 2) throw malformed('malformed data segment kind', offset);
    if (kind === 1) context.need('bulkMemory', offset);
    const memory = kind === 2 ? r.u32() : 0;
    let init: DataSegment['offset'];
    if (kind !== 1) {
      const type = context.memories[memory];
      if (type === undefined) throw invalid(`unknown memory ${memory}`, offset);
      init = this.validator.constant(addressType(type.address), r.pos, this.end);
      r.pos = init.end;
    }
    const size = r.count();
    const start = r.pos;
    r.skip(size);
    const mode = kind === 1 ? 'passive' : 'active';
    this.datas.push({ mode, memory, offset: init, bytes: { start, end: r.pos } });
  }

  private finish(): void {
    const { context, importedFuncs } = this;
    const { end } = this.reader;
    if (this.codeStart.length !== context.funcTypes.length - importedFuncs) {
      throw malformed(INCONSISTENT_CODE, end);
    }
    if (context.dataCount !== undefined && context.dataCount !== this.datas.length) {
      throw malformed('data count and data section have inconsistent lengths', end);
    }
  }
}
