/** The sections that emitted modules have in common (spec chapter "binary/modules"): types, and what they import. */
import { EXTERNREF, type ValType } from '../../decoder';
import { SECTIONS } from '../../decoder/sections';
import { Emitter } from './emitter';
import { CELL_NAMES, CELLS, HELPER_NAMES, HELPERS, type Layout } from './layout';

const FUNC = 0x60;
export const FUNCREF = 0x70;
export const KINDS = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
/** Flags of limits, that of shared memories from the threads proposal. */
const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
/** The most pages that a memory of the host may have, and so all memories that may be imported. */
const PAGE_LIMIT = 65_536;

export interface EmittedImport {
  readonly from: 'direct' | 'runtime' | 'functions' | 'memory' | 'table' | 'global' | 'exception';
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  readonly describe: (to: Emitter) => void;
}

/** What a section holds is written here, one section after the other. */
const SECTION = new Emitter(2 ** 14);

export class SectionWriter<L extends Layout> {
  protected readonly layout: L;
  protected readonly out: Emitter;

  constructor(layout: L, capacity: number) {
    this.layout = layout;
    this.out = new Emitter(capacity);
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) this.out.u8(byte);
  }

  protected written(): Uint8Array {
    this.out.append(NAME_SECTION);
    return this.out.bytes.slice(0, this.out.length);
  }

  protected section(name: keyof typeof SECTIONS, write: (to: Emitter) => void): void {
    SECTION.length = 0;
    write(SECTION);
    this.out.u8(SECTIONS[name]);
    this.out.sized(SECTION);
  }

  /** Behind everything that may add a type. */
  protected types(): void {
    const { module, added } = this.layout;
    const types = [...module.types.map(({ composite }) => composite.func), ...added];
    this.section('type', (to) => {
      vector(to, types, ({ params, results }) => {
        to.u8(FUNC);
        to.types(params);
        to.types(results);
      });
    });
  }

  /** Before the types are written. */
  protected helperTypes(): number[] {
    this.layout.typeidx([EXTERNREF], []);
    return HELPER_NAMES.map((name) => this.layout.typeidx(HELPERS[name].params, HELPERS[name].results));
  }

  /** Functions that are called directly, helpers, what else is imported (tables come first), memories and mirrors, the tag of exceptions. */
  protected imports(
    helpers: readonly number[],
    others: readonly EmittedImport[],
    direct: readonly EmittedImport[] = [],
  ): void {
    const { module, mirrors, variant } = this.layout;
    const describe = (to: Emitter): void => anyMemory(to, variant.isShared);
    const imports: EmittedImport[] = [...direct];
    helpers.forEach((typeidx, k) => {
      imports.push({
        from: 'runtime',
        name: HELPER_NAMES[k],
        kind: 'func',
        describe: (to) => to.u32(typeidx),
      });
    });
    imports.push(...others);
    module.memories.forEach((_, k) => {
      imports.push({ from: 'memory', name: String(k), kind: 'memory', describe });
    });
    for (const tableidx of mirrors) {
      imports.push({ from: 'table', name: String(tableidx), kind: 'table', describe: anyTable });
    }
    if (module.tags.length > 0) {
      const typeidx = this.layout.typeidx([EXTERNREF], []);
      const describe = (to: Emitter): void => {
        to.u8(0);
        to.u32(typeidx);
      };
      imports.push({ from: 'exception', name: 'tag', kind: 'tag', describe });
    }
    this.section('import', (to) => {
      vector(to, imports, ({ from, name, kind, describe }) => {
        to.name(from);
        to.name(name);
        to.u8(KINDS[kind]);
        describe(to);
      });
    });
  }

  /** Types of all globals, cells included. */
  protected globalTypes(): ValType[] {
    return [
      ...this.layout.module.globals.map(({ value }) => value),
      ...CELL_NAMES.map((name) => CELLS[name]),
    ];
  }
}

/** Digits of the number in a module's name. */
const DIGITS = 10;
/** Names of emitted modules begin with it: a trace tells them. */
export const NAME = 'tswasm';
/** The last section of each module: a name with a number, which no part of a program has until `numbered` writes another. */
const NAME_SECTION = (() => {
  const section = new Emitter();
  section.name('name');
  section.u8(0);
  section.u32(NAME.length + DIGITS + 1);
  section.name(NAME + '9'.repeat(DIGITS));
  const out = new Emitter();
  out.u8(SECTIONS.custom);
  out.sized(section);
  return out;
})();

/** Puts a number into the name of an emitted module, by which traces tell it. In place: to copy large modules takes as long as to read them. */
export function numbered(bytes: Uint8Array, number: number): Uint8Array {
  let rest = number;
  for (let k = 1; k <= DIGITS; k++) {
    bytes[bytes.length - k] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return bytes;
}
const ZERO = 0x30;

function anyMemory(to: Emitter, isShared: boolean): void {
  to.u8(isShared ? HAS_MAXIMUM | IS_SHARED : HAS_MAXIMUM);
  to.u32(0);
  to.u32(PAGE_LIMIT);
}

export function anyTable(to: Emitter): void {
  to.u8(FUNCREF);
  to.u8(0);
  to.u32(0);
}

export function vector<T>(to: Emitter, items: readonly T[], write: (item: T) => void): void {
  to.u32(items.length);
  for (const item of items) write(item);
}
