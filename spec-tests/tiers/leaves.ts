/**
 * What the walker does not walk: expressions, and statements without control flow. They are closures of the interpreter's templates, made
 * by a set of factories of their own that works on the walker's stack.
 */
import { trap } from '../../src/errors';
import { Assembler } from '../../src/interpreter/assemble';
import { Blocks, type Simple } from '../../src/interpreter/blocks';
import { Code, codeOf } from '../../src/interpreter/code';
import type { Factories, Factory, FactorySource } from '../../src/interpreter/factories';
import { createFactories } from '../../src/interpreter/factories.generated.js';
import { createVectorFactories, vectorFunctions } from '../../src/interpreter/factories-simd.generated.js';
import { Registers } from '../../src/interpreter/registers';
import type { Step } from '../../src/interpreter/step';
import type { TierMachine } from '../../src/interpreter/tiers';
import type { Bulk, Effect, Expr, LoweredBody } from '../../src/lowering';
import type { Instance } from '../../src/runtime/index';
import * as numerics from '../../src/runtime/numerics';

/** A stack beside the machine's: no value in it is one of the machine's before it is copied. */
export interface OwnStack {
  readonly ints: Int32Array;
  readonly refs: unknown[];
  readonly factories: Factories;
}

export function ownStack(words: number): OwnStack {
  const ints = new Int32Array(words);
  const refs: unknown[] = [];
  const environment = {
    I: ints,
    S: new Float32Array(ints.buffer),
    F: new Float64Array(ints.buffer),
    B: new Uint8Array(ints.buffer),
    R: refs,
    RS: [],
    RF: [],
    RC: [],
    M: new Registers(),
    W: numerics.words,
    N: numerics,
    V: vectorFunctions,
    T: trap,
  };
  const factories = { ...createVectorFactories(environment), ...createFactories(environment) };
  return { ints, refs, factories };
}

export class Leaves {
  private readonly instance: Instance;
  private readonly maker: LeafMaker;
  private readonly values = new Map<Expr, (fp: number) => number>();
  private readonly statements = new Map<Simple, Step>();
  private readonly effects = new Map<Effect, (word: number) => void>();
  private readonly bulks = new Map<Bulk, (word: number) => boolean>();

  constructor(instance: Instance, body: LoweredBody, own: OwnStack) {
    const func = instance.funcAt(body.funcidx);
    this.instance = instance;
    const code = new Code(codeOf(func), false, body.locals, body.entry);
    this.maker = new LeafMaker(code, body, instance, own.factories);
  }

  value(expr: Expr): (fp: number) => number {
    return made(this.values, expr, () => this.maker.value(expr) as (fp: number) => number);
  }
  statement(statement: Simple): Step {
    return made(this.statements, statement, () => this.maker.simple(statement));
  }
  effect(effect: Effect, machine: TierMachine): (word: number) => void {
    return made(this.effects, effect, () => machine.effect(this.instance, effect));
  }
  bulk(bulk: Bulk, machine: TierMachine): (word: number) => boolean {
    return made(this.bulks, bulk, () => machine.bulk(this.instance, bulk));
  }
}

function made<K, V>(all: Map<K, V>, key: K, make: () => V): V {
  let value = all.get(key);
  if (value === undefined) {
    value = make();
    all.set(key, value);
  }
  return value;
}

const NO_BLOCKS = new Blocks([], [], [], []);

class LeafMaker extends Assembler {
  constructor(
    code: Code,
    body: LoweredBody,
    instance: Instance,
    private readonly own: Factories,
  ) {
    super(code, body, instance, NO_BLOCKS, false);
  }

  override make(name: string): Factory {
    return this.own[name];
  }
  override has(name: string): boolean {
    return this.own[name] !== undefined;
  }
  override vectorFactories(): FactorySource {
    return { has: (name) => this.has(name), make: (name) => this.make(name) };
  }
  simple(statement: Simple): Step {
    return this.statement(statement, () => null);
  }
}
