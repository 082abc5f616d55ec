/** A valid module and the calls to make on it, from a seed. Ends whatever is called, as long as `fuel` was set before the call. */
import { CODE, name, type TypeName, u32, vec } from '../binary';
import type { Value } from '../script/values';
import { structured } from './blocks';
import { FunctionGenerator, type Makers } from './code';
import {
  isNumericType,
  type ModuleContext,
  NUMERIC,
  type Profile,
  type Signature,
  type TableContext,
} from './context';
import { caught, handleFunctions, KEEPERS, tagContexts, tryNode } from './exceptions';
import {
  constant,
  exportEntry,
  type GenFunction,
  type GenModule,
  isNull,
  type Piece,
  plain,
  resolve,
  typeCode,
  type Variant,
} from './ir';
import { type Available, drawProfile, drawSignature, hasExnref, mentionsExnref } from './profile';
import { Random } from './random';
import { statement } from './statements';
import { anyBits } from './vectors';

const MAKERS: Makers = { statement, structured, tryNode, caught };

export interface Call {
  readonly name: string;
  readonly args: readonly Value[];
  readonly signature: Signature;
  readonly fuel: number;
}
export interface Program {
  readonly seed: number;
  readonly module: GenModule;
  readonly calls: Call[];
  /** Exported functions `get<i>` that return the bits of each global. */
  readonly getters: readonly { readonly name: string; readonly type: TypeName }[];
  readonly tables: readonly string[];
  /** Payloads of the exported tags `tag<i>`. */
  readonly tags: readonly (readonly TypeName[])[];
  readonly hasMemory: boolean;
}

/** How the side under test gets a seed's program; the reference always gets the base. */
export function variantOf(seed: number): Variant {
  const random = new Random(seed ^ 0x2545f491);
  return {
    extraMemory: random.chance(30),
    table64: random.chance(30),
    bytePages: random.chance(30),
    relaxed: random.chance(70),
    exnref: random.chance(75),
    shared: random.chance(30),
  };
}

const LOG: Signature = { params: ['i32', 'i64'], results: ['i32'] };
/** What a getter returns for a type, and the code that makes it. */
const SHOWN: Record<TypeName, readonly [TypeName, ...Piece[]]> = {
  i32: ['i32'],
  i64: ['i64'],
  f32: ['i32', 0xbc],
  f64: ['i64', 0xbd],
  v128: ['v128'],
  funcref: ['funcref'],
  externref: ['externref'],
  exnref: ['i32', isNull('exnref')],
};
/** Of the globals: [0] imported constant, [1] fuel, the others at random. */
const IMPORTED_GLOBAL = 0;
const FUEL_GLOBAL = 1;

class ModuleGenerator {
  readonly random: Random;
  readonly profile: Profile;
  private readonly types: (readonly [params: readonly TypeName[], results: readonly TypeName[]])[] = [];
  private readonly imports: (Signature & { readonly name: string })[];
  private readonly signatures: Signature[];
  /** Functions that references may lead to: none that takes or gives a handle, which an i32 cannot be told from. */
  private readonly referable: number[];
  private readonly globals: { type: TypeName; mutable: boolean }[];
  private readonly tables: TableContext[];
  private readonly tableFunctions: number[];
  private readonly sections = new Map<number, (variant: Variant) => readonly number[]>();

  constructor(
    readonly seed: number,
    available: Available,
  ) {
    const random = new Random(seed);
    this.random = random;
    this.profile = drawProfile(random, available);
    const count = random.between(1, 5);
    this.imports = [{ name: 'log', ...LOG }, ...(hasExnref(this.profile) ? KEEPERS : [])];
    this.signatures = [
      ...this.imports,
      // The first one can always be called from outside.
      ...Array.from({ length: count }, (_, i) => drawSignature(random, this.profile, i === 0)),
    ];
    this.referable = this.own((s) => !mentionsExnref(s));
    this.globals = this.drawGlobals();
    this.tables = this.drawTables();
    this.tableFunctions = Array.from(
      { length: this.tables.length > 0 ? random.between(1, this.tables[0].size) : 0 },
      () => random.pick(this.referable),
    );
  }

  /** The log function, and those of the module with such signatures. */
  private own(wanted: (s: Signature) => boolean): number[] {
    return this.signatures.flatMap((s, i) => (i === 0 || (i >= this.imports.length && wanted(s)) ? [i] : []));
  }

  private drawGlobals(): { type: TypeName; mutable: boolean }[] {
    const globals: { type: TypeName; mutable: boolean }[] = [
      { type: 'i32', mutable: false },
      { type: 'i32', mutable: true },
    ];
    for (let n = this.random.below(6); n > 0; n--) {
      const references: TypeName[] = [
        'funcref',
        'externref',
        ...(hasExnref(this.profile) ? ['exnref' as const] : []),
      ];
      const numbers = NUMERIC.filter((t) => t !== 'v128' || this.profile.numeric.v128 > 0);
      const type = this.random.chance(80) ? this.random.pick(numbers) : this.random.pick(references);
      globals.push({ type, mutable: this.random.chance(75) });
    }
    return globals;
  }

  private drawTables(): TableContext[] {
    if (this.profile.table === 0 && this.profile.call === 0) return [];
    const size = (): number => this.random.pick([4, 8, 16]);
    const tables: TableContext[] = [{ type: 'funcref', size: size() }];
    if (this.random.chance(50))
      tables.push({ type: this.random.pick(['funcref', 'externref']), size: size() });
    return tables;
  }

  private readonly typeIndex = (params: readonly TypeName[], results: readonly TypeName[]): number => {
    const key = `${params.join()}>${results.join()}`;
    const found = this.types.findIndex(([p, r]) => `${p.join()}>${r.join()}` === key);
    return found >= 0 ? found : this.types.push([params, results]) - 1;
  };

  generate(): Program {
    const { random, profile } = this;
    const hasMemory = profile.memory + profile.bulk > 0;
    const passiveData = hasMemory && profile.bulk > 0 ? [1, 2] : [];
    const passiveElements = this.tables.length > 0 && profile.table > 0 ? this.passiveElements() : [];
    const payloads = this.payloads();
    const accessors = this.accessors();
    const defined = this.signatures.length - this.imports.length;
    const behind = this.signatures.length + accessors.functions.length;
    const tags = tagContexts(payloads, behind);
    const handles = hasExnref(profile) ? handleFunctions(tags) : [];
    const context: ModuleContext = {
      random,
      profile,
      signatures: this.signatures,
      callable: this.own(() => true),
      referable: this.referable,
      globals: this.globals.flatMap((g, index) => (index === FUEL_GLOBAL ? [] : [{ index, ...g }])),
      fuelGlobal: FUEL_GLOBAL,
      tags,
      rethrow: behind + handles.length - 1,
      memory: hasMemory ? { address: profile.memory64 ? 'i64' : 'i32' } : undefined,
      tables: this.tables,
      tableFunctions: this.tableFunctions,
      passiveData,
      passiveElements,
      typeIndex: this.typeIndex,
    };
    this.typeIndex(LOG.params, LOG.results);
    const functions = this.signatures
      .slice(this.imports.length)
      .map((s) => new FunctionGenerator(context, s, MAKERS).generate());
    const startFunction = random.chance(10)
      ? new FunctionGenerator(context, { params: [], results: [] }, MAKERS).generate()
      : undefined;
    const helpers = [...accessors.functions, ...handles];
    const all = [...functions, ...helpers, ...(startFunction ? [startFunction] : [])];
    this.emitSections(accessors.names, payloads, hasMemory);
    if (startFunction) this.sections.set(8, () => u32(this.imports.length + all.length - 1));
    const { types, sections, typeIndex } = this;
    return {
      seed: this.seed,
      module: { types, functions: all, sections, typeIndex },
      calls: this.calls(defined),
      getters: this.globals.map((g, i) => ({ name: `get${i}`, type: g.type === 'exnref' ? 'i32' : g.type })),
      tables: this.tables.map((_, i) => `table${i}`),
      tags: payloads,
      hasMemory,
    };
  }

  private passiveElements(): { index: number; type: 'funcref' | 'externref' }[] {
    return [
      { index: 1, type: 'funcref' },
      ...(this.tables.some((t) => t.type === 'externref') ? [{ index: 2, type: 'externref' as const }] : []),
    ];
  }

  /** What the tags carry. What goes through handles is no function. */
  private payloads(): TypeName[][] {
    const { random, profile } = this;
    if (profile.exceptions === 0) return [];
    const types = NUMERIC.filter((t) => profile.numeric[t] > 0);
    const references: TypeName[] = hasExnref(profile) ? ['externref'] : ['externref', 'funcref'];
    const type = (): TypeName =>
      profile.table > 0 && random.chance(15) ? random.pick(references) : random.pick(types);
    return Array.from({ length: random.between(1, 3) }, () => Array.from({ length: random.below(4) }, type));
  }

  /** `fuel` sets the counter; `get<i>` returns a global, floats as their bits, and whether an exnref is null. */
  private accessors(): { functions: GenFunction[]; names: string[] } {
    const setFuel = plain([0x20, 0, 0x24, ...u32(FUEL_GLOBAL)], [], [], true);
    const fuel: GenFunction = {
      params: ['i32'],
      results: [],
      locals: [],
      body: { statements: [setFuel], values: [] },
    };
    const getters = this.globals.map(({ type }, i): GenFunction => {
      const [result, ...bits] = SHOWN[type];
      const results: TypeName[] = [result];
      const get = plain([0x23, ...u32(i), ...bits], results, [], true);
      return { params: [], results, locals: [], body: { statements: [], values: [get] } };
    });
    return { functions: [fuel, ...getters], names: ['fuel', ...getters.map((_, i) => `get${i}`)] };
  }

  private emitSections(
    accessorNames: readonly string[],
    payloads: readonly TypeName[][],
    hasMemory: boolean,
  ): void {
    const functionCount = this.signatures.length - this.imports.length;
    const imported = this.imports.map((f) => [
      ...[...name('env'), ...name(f.name), 0],
      ...u32(this.typeIndex(f.params, f.results)),
    ]);
    const global = [...name('env'), ...name('global'), 3, CODE.i32, 0];
    this.put(2, [...imported, global]);
    const tagTypes = payloads.map((params) => [0, ...u32(this.typeIndex(params, []))]);
    if (tagTypes.length > 0) this.put(13, tagTypes);
    if (this.tables.length > 0) {
      this.sections.set(4, (v) => vec(this.tables.map((t) => tableType(t, v))));
      const [active, ...others] = this.elements();
      const start = (v: Variant): readonly number[] =>
        resolve(constant(v.table64 ? 'i64' : 'i32', 0n).code, v);
      this.sections.set(9, (v) => vec([[0, ...start(v), 0x0b, ...active], ...others]));
    } else {
      this.put(9, [this.declaredFunctions()]);
    }
    if (hasMemory) this.emitMemory();
    const globals = this.globals.slice(1).map((g, i) => this.globalCode(g, i + 1));
    this.sections.set(6, (v) => vec(globals.map((code) => resolve(code, v))));
    const first = this.imports.length;
    const functions = Array.from({ length: functionCount }, (_, i) => exportEntry(`f${i}`, 0, first + i));
    const accessors = accessorNames.map((n, i) => exportEntry(n, 0, first + functionCount + i));
    const tags = payloads.map((_, i) => exportEntry(`tag${i}`, 4, i));
    const tables = this.tables.map((_, i) => exportEntry(`table${i}`, 1, i));
    const memories = (v: Variant): number[][] =>
      hasMemory ? [exportEntry('memory', 2, v.extraMemory ? 1 : 0)] : [];
    this.sections.set(7, (v) => vec([...functions, ...accessors, ...tables, ...tags, ...memories(v)]));
  }

  /** A section that is the same in all variants. */
  private put(id: number, entries: readonly (readonly number[])[]): void {
    const body = vec(entries);
    this.sections.set(id, () => body);
  }

  private emitMemory(): void {
    const most = this.random.between(1, 3);
    const is64 = this.profile.memory64;
    const [first, ...passive] = this.datas();
    const offset = constant(is64 ? 'i64' : 'i32', BigInt(this.random.below(1000))).code;
    this.sections.set(5, (v) => {
      const flags = (is64 ? 0x05 : 0x01) | (v.shared ? 0x02 : 0);
      const used = v.bytePages ? [flags | 0x08, ...u32(65_536), ...u32(most * 65_536), 0] : [flags, 1, most];
      return vec(v.extraMemory ? [[0x00, 0], used] : [used]);
    });
    const where = (v: Variant): number[] => (v.extraMemory ? [2, 1] : [0]);
    this.sections.set(11, (v) => vec([[...where(v), ...resolve(offset, v), 0x0b, ...first], ...passive]));
    this.sections.set(12, () => u32(3));
  }

  private globalCode(global: { type: TypeName; mutable: boolean }, index: number): Piece[] {
    const { random } = this;
    const { type, mutable } = global;
    const head = [typeCode(type), mutable ? 1 : 0];
    if (index === FUEL_GLOBAL) return [...head, ...constant('i32', 100n).code, 0x0b];
    if (type === 'funcref' && random.chance(50))
      return [...head, 0xd2, ...u32(random.pick(this.referable)), 0x0b];
    const literal = (): readonly Piece[] =>
      constant(type, isNumericType(type) ? anyBits(random, type) : 0n).code;
    if ((type === 'i32' || type === 'i64') && this.profile.extendedConst) {
      const base = type === 'i32' ? 0x6a : 0x7c;
      const first = type === 'i32' && random.chance(50) ? [0x23, IMPORTED_GLOBAL] : literal();
      return [
        ...head,
        ...first,
        ...literal(),
        base + random.below(3),
        ...literal(),
        base + random.below(3),
        0x0b,
      ];
    }
    if (type === 'i32' && random.chance(20)) return [...head, 0x23, IMPORTED_GLOBAL, 0x0b];
    return [...head, ...literal(), 0x0b];
  }

  /** Segment 0 (here without its head) fills table 0; then the passive ones; the last declares every function for ref.func. */
  private elements(): number[][] {
    const active = vec(this.tableFunctions.map(u32));
    const expression = (): number[] =>
      this.random.chance(70)
        ? [0xd2, ...u32(this.random.pick(this.referable)), 0x0b]
        : [0xd0, CODE.funcref, 0x0b];
    const passive = [5, CODE.funcref, ...vec(Array.from({ length: this.random.between(1, 5) }, expression))];
    const nulls = [5, CODE.externref, ...vec([[0xd0, CODE.externref, 0x0b]])];
    return [active, passive, nulls, this.declaredFunctions()];
  }
  private declaredFunctions(): number[] {
    return [3, 0, ...vec(this.signatures.map((_, i) => u32(i)))];
  }

  /** Segment 0 is without its head. */
  private datas(): number[][] {
    const bytes = (most: number): number[] => {
      const content = Array.from({ length: this.random.below(most) }, () => this.random.below(256));
      return [...u32(content.length), ...content];
    };
    return [bytes(200), [1, ...bytes(40)], [1, ...bytes(40)]];
  }

  private calls(functionCount: number): Call[] {
    const calls: Call[] = [];
    const first = this.imports.length;
    const indices = Array.from({ length: functionCount }, (_, i) => i);
    const open = indices.filter((i) => !mentionsExnref(this.signatures[first + i]));
    for (let n = this.random.between(2, 3) * functionCount; n > 0; n--) {
      const index = this.random.pick(open);
      const signature = this.signatures[first + index];
      const fuel = this.random.pick([0, 20, 100, 400]);
      calls.push({ name: `f${index}`, args: signature.params.map((t) => this.argument(t)), signature, fuel });
    }
    return calls;
  }
  private argument(type: TypeName): Value {
    if (isNumericType(type)) return { type, bits: anyBits(this.random, type) };
    if (type === 'externref' && this.random.chance(70))
      return { type: 'ref', kind: 'extern', host: this.random.below(5) };
    return { type: 'ref', kind: 'null', heap: type === 'funcref' ? 'func' : 'extern' };
  }
}

function tableType({ type, size }: TableContext, variant: Variant): number[] {
  return [CODE[type], variant.table64 ? 0x05 : 0x01, ...u32(size), ...u32(size + 8)];
}

export function generate(seed: number, available: Available): Program {
  return new ModuleGenerator(seed, available).generate();
}
