/** Random code of one function: expressions of a wanted type, and statements. */
import { fixed, s32, type TypeName, u32 } from '../binary';
import { isNumericType, type ModuleContext, NUMERIC, type Signature, sameList } from './context';
import {
  type Body,
  constant,
  fromPages,
  type GenFunction,
  isNull,
  MEMORY,
  memarg,
  NARROW,
  type Node,
  type Piece,
  plain,
  tableIndex,
  toPages,
  typeCode,
  WIDEN,
} from './ir';
import { ACCESSES, type Access, type Lanes, type NumericName, type Operator, operatorsTo } from './operators';
import { anyBits, canonicalVector, immediatesOf, operatorCode, type Scratch } from './vectors';

const OPERATORS_TO: Record<NumericName, readonly Operator[]> = {
  i32: operatorsTo('i32'),
  i64: operatorsTo('i64'),
  f32: operatorsTo('f32'),
  f64: operatorsTo('f64'),
  v128: operatorsTo('v128'),
};
/** Without vectors. */
const SCALAR_OPERATORS_TO: Record<NumericName, readonly Operator[]> = {
  i32: operatorsTo('i32').filter((o) => !o.simd),
  i64: operatorsTo('i64').filter((o) => !o.simd),
  f32: operatorsTo('f32').filter((o) => !o.simd),
  f64: operatorsTo('f64').filter((o) => !o.simd),
  v128: [],
};
/** NaN bits that nothing will look at: of a number, or of a vector's lanes. */
type Free = 'none' | 'number' | Lanes;
/** At which shifts and rotations change what they do. */
const COUNTS = [0n, 1n, 31n, 32n, 33n, 63n] as const;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;

/** What is made with this class in files of its own, at most so deep. */
export interface Makers {
  /** A statement of the function (statements.ts). */
  readonly statement: (f: FunctionGenerator, depth: number) => Node;
  /** A block, loop or if (blocks.ts). */
  readonly structured: (f: FunctionGenerator, results: readonly TypeName[], depth: number) => Node;
  /** A block that catches, and a reference to an exception (exceptions.ts). */
  readonly tryNode: (f: FunctionGenerator, results: readonly TypeName[], depth: number) => Node;
  readonly caught: (f: FunctionGenerator, depth: number) => Node;
}

export class FunctionGenerator {
  private readonly declared: TypeName[] = [];
  /** Locals that random code may use, by index. */
  private readonly open: { readonly index: number; readonly type: TypeName }[] = [];
  private readonly scratch = new Map<TypeName, number>();
  private vectors: Scratch | undefined;
  /** What a branch to each label takes, outermost (the function) first. */
  readonly labels: (readonly TypeName[])[] = [];
  /** Of those, the labels of legacy handlers around: what `rethrow` may name. */
  readonly handlers: number[] = [];
  private budget: number;

  constructor(
    readonly module: ModuleContext,
    readonly signature: Signature,
    private readonly make: Makers,
  ) {
    const { random } = module;
    signature.params.forEach((type, index) => {
      this.open.push({ index, type });
    });
    for (let n = random.below(5); n > 0; n--) this.openLocal(this.anyType());
    this.budget = random.between(10, 140);
  }

  generate(): GenFunction {
    const { params, results } = this.signature;
    this.labels.push(results);
    const body = this.body(results, this.module.random.between(2, 6), [this.fuelCheck()]);
    return { params, results, locals: this.declared, body };
  }

  get random(): ModuleContext['random'] {
    return this.module.random;
  }
  /** Spends one unit; false when this function is big enough. */
  spend(): boolean {
    return this.budget-- > 0;
  }

  // Locals

  private declare(type: TypeName): number {
    this.declared.push(type);
    return this.signature.params.length + this.declared.length - 1;
  }
  private openLocal(type: TypeName): number {
    const index = this.declare(type);
    this.open.push({ index, type });
    return index;
  }
  /** A local that random code may also use. */
  local(type: TypeName): number {
    const found = this.open.filter((l) => l.type === type);
    return found.length > 0 ? this.random.pick(found).index : this.openLocal(type);
  }
  /** A local of its own. */
  ownLocal(type: TypeName): number {
    return this.declare(type);
  }

  // Types

  numericType(): NumericName {
    const { numeric } = this.module.profile;
    return this.random.weighted(NUMERIC.map((t) => [t === 'v128' ? numeric[t] : numeric[t] + 1, t] as const));
  }
  anyType(): TypeName {
    const { profile } = this.module;
    if (profile.table > 0 && this.random.chance(8)) return this.random.pick(['funcref', 'externref']);
    if (this.hasExnref && this.random.chance(8)) return 'exnref';
    return this.numericType();
  }
  get hasExnref(): boolean {
    const { exceptions, exceptionStyle } = this.module.profile;
    return exceptions > 0 && exceptionStyle === 'standard';
  }
  typeList(most: number): TypeName[] {
    return Array.from({ length: this.random.below(most + 1) }, () => this.anyType());
  }

  // Values

  values(types: readonly TypeName[], depth: number): Node[] {
    return types.map((type) => this.value(type, depth));
  }

  /** Code that pushes one value, with NaN bits that may be anything where they are `free`. */
  value(type: TypeName, depth: number, free: Free = 'none'): Node {
    if (depth <= 0 || !this.spend()) return this.leaf(type);
    if (!isNumericType(type)) return this.reference(type, depth);
    const { profile } = this.module;
    const make = this.random.weighted<() => Node>([
      [this.operators(type).length > 0 ? 20 : 0, () => this.operation(type, depth, free)],
      [4, () => this.leaf(type)],
      [this.module.memory ? 2 * profile.memory : 0, () => this.load(type, depth)],
      [2, () => this.tee(type, depth)],
      [2, () => this.select(type, depth)],
      [profile.control, () => this.make.structured(this, [type], depth)],
      [profile.exceptions, () => this.make.tryNode(this, [type], depth)],
      [profile.control, () => this.branchIfValue(type, depth)],
      [profile.call, () => this.callFor(type, depth)],
      [type === 'i32' ? 1 + profile.table : 0, () => this.query(depth)],
      [type === 'i32' ? 3 : 0, () => this.areSame(depth)],
      [this.sizeType() === type ? profile.memory : 0, () => this.memorySize(depth)],
    ]);
    return make();
  }

  leaf(type: TypeName): Node {
    if (this.random.chance(15)) {
      const globals = this.module.globals.flatMap((g) => (g.type === type ? [g.index] : []));
      if (globals.length > 0) return plain([0x23, ...u32(this.random.pick(globals))], [type]);
    }
    if (this.random.chance(65)) return plain([LOCAL_GET, ...u32(this.local(type))], [type]);
    return constant(type, isNumericType(type) ? anyBits(this.random, type) : 0n);
  }

  /** Often one bit of something, so that both ways are taken. */
  condition(depth: number): Node {
    return this.random.chance(50) ? this.masked('i32', 1n, depth) : this.value('i32', depth);
  }

  private operators(type: NumericName): readonly Operator[] {
    return (this.module.profile.numeric.v128 > 0 ? OPERATORS_TO : SCALAR_OPERATORS_TO)[type];
  }
  private operation(type: NumericName, depth: number, free: Free): Node {
    const operator = this.random.pick(this.operators(type));
    const safe = operator.traps && !this.random.chance(this.module.profile.trap);
    const children = operator.params.map((p, i) => {
      if (safe && operator.name.includes('trunc')) return this.smallFloat(p as 'f32' | 'f64', depth - 1);
      const ignored = operator.ignoresNanBits ? 'number' : 'none';
      const child = this.value(p, depth - 1, p === 'v128' ? (operator.operandLanes ?? 'none') : ignored);
      return safe && i === 1 ? this.odd(p as 'i32' | 'i64', child) : child;
    });
    if (children.length >= 2 && this.random.chance(4))
      children.splice(1, 0, this.make.statement(this, depth - 1));
    const code = [
      ...operatorCode(operator, () => this.vectorScratch()),
      ...immediatesOf(this.random, operator),
    ];
    const node = plain(code, [type], children);
    const isFree = this.module.profile.anyNans || free === (operator.resultLanes ?? 'number');
    if (!operator.makesNan || isFree) return node;
    if (operator.resultLanes === undefined) return this.canonical(type as 'f32' | 'f64', node);
    return canonicalVector(operator.resultLanes, this.vectorScratch()[0], node);
  }
  private vectorScratch(): Scratch {
    this.vectors ??= [this.declare('v128'), this.declare('v128'), this.declare('v128')];
    return this.vectors;
  }

  /** child | 1: a divisor that is not zero. */
  private odd(type: 'i32' | 'i64', child: Node): Node {
    return plain(type === 'i32' ? [0x72] : [0x84], [type], [child, constant(type, 1n)]);
  }
  /** A float of 0..65535, for truncations. */
  private smallFloat(type: 'f32' | 'f64', depth: number): Node {
    const small = plain([0x71], ['i32'], [this.value('i32', depth), constant('i32', 0xffffn)]);
    return plain(type === 'f32' ? [0xb2] : [0xb7], [type], [small]);
  }

  /** Any NaN becomes the positive canonical one: arithmetic NaNs are not the same on two engines. */
  private canonical(type: 'f32' | 'f64', node: Node): Node {
    const t = this.scratch.get(type) ?? this.declare(type);
    this.scratch.set(type, t);
    const get = [LOCAL_GET, ...u32(t)];
    const nan = type === 'f32' ? [0x43, ...fixed(0x7fc00000n, 4)] : [0x44, ...fixed(0x7ff8000000000000n, 8)];
    const equal = type === 'f32' ? 0x5b : 0x61;
    return plain([LOCAL_SET, ...u32(t), ...get, ...nan, ...get, ...get, equal, 0x1b], [type], [node]);
  }

  private tee(type: TypeName, depth: number): Node {
    return plain([0x22, ...u32(this.local(type))], [type], [this.value(type, depth - 1)]);
  }
  private select(type: TypeName, depth: number): Node {
    const typed = !isNumericType(type) || this.random.chance(30);
    const children = [this.value(type, depth - 1), this.value(type, depth - 1), this.condition(depth - 1)];
    return plain(typed ? [0x1c, 1, typeCode(type)] : [0x1b], [type], children);
  }

  private reference(type: TypeName, depth: number): Node {
    const tables = this.module.tables.flatMap((t, i) => (t.type === type ? [i] : []));
    const make = this.random.weighted<() => Node>([
      [3, () => this.leaf(type)],
      [type === 'funcref' ? 3 : 0, () => plain([0xd2, ...u32(this.anyFunction())], [type])],
      [type === 'exnref' ? 6 : 0, () => this.make.caught(this, depth)],
      [
        tables.length > 0 ? 3 : 0,
        () => {
          const table = this.random.pick(tables);
          return plain([0x25, ...u32(table)], [type], [this.tableIndex(table, depth - 1)]);
        },
      ],
      [1, () => this.select(type, depth)],
      [1, () => this.tee(type, depth)],
      [this.module.profile.control, () => this.make.structured(this, [type], depth)],
      [this.module.profile.exceptions, () => this.make.tryNode(this, [type], depth)],
    ]);
    return make();
  }

  /**
   * Whether what an instruction makes is equal to what it makes again, in a local: an engine that has an integer in another form than it should
   * (without its sign, say) makes no mistake with it before it is compared, and a local may mend that.
   */
  private isSame(depth: number): Node {
    const type = this.random.pick(['i32', 'i64'] as const);
    const operator = this.random.pick(SCALAR_OPERATORS_TO[type]);
    const locals = operator.params.map((param) => this.declare(param));
    const children = operator.params.map((param, k) => {
      if (this.random.chance(30)) return this.value(param, depth - 1);
      const isCount = k === 1 && (param === 'i32' || param === 'i64') && this.random.chance(60);
      return constant(param, isCount ? this.random.pick(COUNTS) : anyBits(this.random, param));
    });
    const made = [
      ...locals.flatMap((local) => [LOCAL_GET, ...u32(local)]),
      ...operatorCode(operator, () => this.vectorScratch()),
    ];
    const kept = u32(this.declare(type));
    const set = locals.flatMap((_, k) => [LOCAL_SET, ...u32(locals[locals.length - 1 - k])]);
    const code = [
      ...set,
      ...made,
      LOCAL_SET,
      ...kept,
      ...made,
      LOCAL_GET,
      ...kept,
      type === 'i32' ? 0x46 : 0x51,
    ];
    return plain(code, ['i32'], children);
  }
  /** Of several at once: which of them is not. */
  private areSame(depth: number): Node {
    // Each one twice what is above it, and that: a + 2 (b + 2 (c + 2 d)).
    const twiceAndAdded = [0x41, 1, 0x74, 0x6a];
    const four = Array.from({ length: 4 }, () => this.isSame(depth));
    return plain([...twiceAndAdded, ...twiceAndAdded, ...twiceAndAdded], ['i32'], four);
  }

  /** An i32 that asks the state something. */
  private query(depth: number): Node {
    const table = this.module.tables.length > 0 ? this.random.below(this.module.tables.length) : -1;
    const kind = this.random.below(4);
    if (kind === 0 && table >= 0) return plain([0xfc, 16, table, NARROW], ['i32']);
    if (kind === 1 && table >= 0) {
      const { type } = this.module.tables[table];
      const delta = plain([0x71], ['i32'], [this.value('i32', depth - 1), constant('i32', 3n)]);
      return plain([WIDEN, 0xfc, 15, table, NARROW], ['i32'], [this.value(type, depth - 1), delta]);
    }
    const types = ['funcref', 'externref', ...(this.hasExnref ? (['exnref'] as const) : [])] as const;
    const type = this.random.pick(types);
    return plain([isNull(type)], ['i32'], [this.value(type, depth - 1)]);
  }

  // Memory

  sizeType(): NumericName | undefined {
    return this.module.memory?.address;
  }
  private memorySize(depth: number): Node {
    const address = this.module.memory!.address;
    if (this.random.chance(60)) return plain([0x3f, MEMORY, fromPages(address)], [address]);
    const code = [toPages(address), 0x40, MEMORY, fromPages(address)];
    return plain(code, [address], [this.masked(address, 1n, depth - 1)]);
  }
  /** value & mask. */
  masked(type: 'i32' | 'i64', mask: bigint, depth: number): Node {
    return plain(type === 'i32' ? [0x71] : [0x83], [type], [this.value(type, depth), constant(type, mask)]);
  }
  /** Mostly within the first page, and a multiple of this many bytes. */
  address(depth: number, multiple = 1): Node {
    const type = this.module.memory!.address;
    if (this.random.chance(this.module.profile.trap)) return this.value(type, depth);
    return this.masked(type, this.random.pick([0xffffn, 0xffn, 0x3ff8n]) & BigInt(-multiple), depth);
  }
  /** An access with such a result: its address, its other operands, its immediates. */
  access(wanted: NumericName | undefined, depth: number): Node {
    const all = ACCESSES.filter((one) => one.result === wanted);
    const access = this.random.pick(this.random.chance(75) ? all.filter((one) => !one.atomic) : all);
    const { code, operands, result, atomic, width, lanes } = access;
    const address = this.address(depth - 1, atomic ? width : 1);
    const children = [address, ...operands.map((type) => this.value(type, depth - 1))];
    const immediates = [this.memarg(access), ...(lanes === undefined ? [] : [this.random.below(lanes)])];
    return plain([...code, ...immediates], result === undefined ? [] : [result], children);
  }
  private memarg({ width, atomic }: Access): Piece {
    const most = Math.log2(width);
    const align = atomic ? most : this.random.below(most + 1);
    const { trap } = this.module.profile;
    const offset = this.random.weighted([
      [60, 0],
      [30, this.random.below(64) & (atomic ? -width : -1)],
      [4 + trap, this.random.between(65500, 65540)],
      [trap > 5 ? 1 : 0, this.random.u32()],
    ]);
    return memarg(align, offset);
  }
  private load(type: NumericName, depth: number): Node {
    return this.access(type, depth);
  }

  // Tables and functions

  tableIndex(table: number, depth: number): Node {
    if (this.random.chance(this.module.profile.trap)) return tableIndex(this.value('i32', depth));
    return tableIndex(this.masked('i32', BigInt(this.module.tables[table].size - 1), depth));
  }
  anyFunction(): number {
    return this.random.pick(this.module.referable);
  }

  /** A call with its arguments, direct or through table 0; its results are those of the signature. */
  call(
    depth: number,
    wanted?: (s: Signature) => boolean,
  ): { code: number[]; children: Node[]; signature: Signature } | undefined {
    const { signatures, callable, tableFunctions, tables } = this.module;
    const indirect = tables[0]?.type === 'funcref' && tableFunctions.length > 0 && this.random.chance(40);
    const candidates = (indirect ? tableFunctions.map((f, i) => [f, i]) : callable.map((f) => [f, f])).filter(
      ([f]) => !wanted || wanted(signatures[f]),
    );
    if (candidates.length === 0) return undefined;
    const [func, position] = this.random.pick(candidates);
    const signature = signatures[func];
    const children = this.values(signature.params, depth - 1);
    if (!indirect) return { code: [0x10, ...u32(func)], children, signature };
    const known = !this.random.chance(5 + this.module.profile.trap);
    children.push(known ? tableIndex(constant('i32', BigInt(position))) : this.tableIndex(0, depth - 1));
    const type = this.module.typeIndex(signature.params, signature.results);
    return { code: [0x11, ...u32(type), 0], children, signature };
  }

  private callFor(type: TypeName, depth: number): Node {
    const call = this.call(depth, (s) => s.results.includes(type));
    if (!call) return this.leaf(type);
    const { results } = call.signature;
    if (results.length === 1) return plain(call.code, [type], call.children);
    const kept = this.ownLocal(type);
    const position = results.indexOf(type);
    const sets = results.map((t, i) => [LOCAL_SET, ...u32(i === position ? kept : this.local(t))]).reverse();
    return plain([...call.code, ...sets.flat(), LOCAL_GET, ...u32(kept)], [type], call.children);
  }

  // Control

  /** Relative depth of the label at a position of `labels`. */
  labelAt(position: number): number {
    return this.labels.length - 1 - position;
  }
  labelsTaking(types: readonly TypeName[]): number[] {
    return this.labels.flatMap((l, i) => (sameList(l, types) ? [this.labelAt(i)] : []));
  }
  private branchIfValue(type: TypeName, depth: number): Node {
    const targets = this.labelsTaking([type]);
    if (targets.length === 0) return this.leaf(type);
    const children = [this.value(type, depth - 1), this.condition(depth - 1)];
    return plain([0x0d, ...u32(this.random.pick(targets))], [type], children);
  }

  blocktype(params: readonly TypeName[], results: readonly TypeName[]): Piece[] {
    if (params.length === 0 && results.length === 0) return [0x40];
    if (params.length === 0 && results.length === 1 && this.random.chance(80)) return [typeCode(results[0])];
    return s32(this.module.typeIndex(params, results));
  }

  /** Takes a block's parameters off the stack. */
  receive(params: readonly TypeName[]): Node[] {
    if (params.length === 0) return [];
    const sets = params.map((t) => [LOCAL_SET, ...u32(this.local(t))]).reverse();
    return [plain(sets.flat(), [], [], true)];
  }

  body(results: readonly TypeName[], depth: number, prelude: Node[]): Body {
    const statements = [...prelude];
    const isFunction = this.labels.length === 1;
    const count = depth <= 0 ? 0 : this.random.below(isFunction ? 8 : 4);
    for (let n = count; n > 0 && this.spend(); n--) statements.push(this.make.statement(this, depth));
    return { statements, values: this.values(results, depth) };
  }

  /** Ends the function without fuel, else takes one unit. */
  fuelCheck(): Node {
    const fuel = u32(this.module.fuelGlobal);
    const hard = this.random.chance(this.module.profile.hardFuel);
    const zeros = this.signature.results.flatMap((t) => constant(t, 0n).code);
    const end = hard ? [0x00] : [...zeros, 0x0f];
    const take = [0x23, ...fuel, 0x41, 1, 0x6b, 0x24, ...fuel];
    return plain([0x23, ...fuel, 0x45, 0x04, 0x40, ...end, 0x0b, ...take], [], [], true);
  }
}
