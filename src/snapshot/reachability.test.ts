/**
 * Modules at random: the static safepoints are those of the lowered code, and what `verify` accepts can be restored and run. Each frame
 * of a document is forged field by field; whatever comes of it is accepted or refused with a `SnapshotError`.
 * TSWASM_SNAPSHOT_MUTATIONS sets how many forgeries are tried.
 */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { safepointsOf } from '../decoder/safepoints';
import { typesOf } from '../decoder/typelist';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { lower } from '../lowering';
import { offsetsOf, safepointsOfBody } from '../lowering/testing';
import { Func, type Instance, i32, instantiatePaused } from '../runtime';
import { capture } from './capture';
import { decode } from './decode';
import type { Activation, SiteKind, SnapshotDocument, TypedValue } from './document';
import { encode } from './encode';
import { restore } from './restore';
import { Random } from './testing';
import { verify } from './verify';

const FORGERIES = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);
const MODULES = 150;

/** Statements that leave the operand stack as it was. Function k is `$k`: 0 is the host's, the others take an i32 and return one. */
class Maker {
  private label = 0;
  constructor(private readonly r: Random) {}

  module(): string {
    const { r } = this;
    const funcs = Array.from({ length: 3 + r.below(3) }, (_, k) => this.func(k + 1));
    return `(module (type $t (func (param i32) (result i32))) (import "m" "f" (func $0 (type $t)))
      (tag $e (param i32)) (tag $none) (global $held (mut exnref) (ref.null exn))
      (table funcref (elem $1 $2)) (memory 1) ${funcs.join('\n')})`;
  }
  private func(k: number): string {
    return `(func $${k} (export "${k}") (type $t) (local i64)
      ${this.statements(3, [], [])} (local.get 0))`;
  }
  private statements(depth: number, labels: readonly string[], caught: readonly string[]): string {
    return this.r.list(4, () => this.statement(depth, labels, caught)).join('\n');
  }
  /** `caught` are the labels of the legacy handlers around it. */
  private statement(depth: number, labels: readonly string[], caught: readonly string[]): string {
    const { r } = this;
    const target = labels.length > 0 ? r.pick(labels) : undefined;
    const callee = `$${r.below(4)}`;
    const simple = [
      () => `(drop (call ${callee} (local.get 0)))`,
      () => `(i64.const 7) (drop (call ${callee} (local.get 0))) (drop)`,
      () => '(drop (call_indirect (type $t) (local.get 0) (i32.and (local.get 0) (i32.const 1))))',
      () => '(local.set 0 (i32.sub (local.get 0) (i32.const 1)))',
      () => (r.oneIn(2) ? 'unreachable' : '(return (local.get 0))'),
      () => '(drop (call_ref $t (local.get 0) (ref.func $1)))',
      () => '(throw $e (local.get 0))',
      () => '(throw_ref (global.get $held))',
      () => (caught.length > 0 ? `rethrow ${r.pick(caught)}` : 'throw $none'),
      () => `(return_call ${callee} (local.get 0))`,
      () => '(return_call_ref $t (local.get 0) (ref.func $2))',
      () => '(return_call_indirect (type $t) (local.get 0) (i32.const 0))',
      () => (target === undefined ? 'nop' : `(br ${target})`),
      () => (target === undefined ? 'nop' : `(br_if ${target} (local.get 0))`),
      () => (target === undefined ? 'nop' : `(br_table ${target} ${r.pick(labels)} (local.get 0))`),
    ];
    if (depth === 0 || r.oneIn(2)) return r.pick(simple)();
    const name = `$l${this.label++}`;
    const body = () => this.statements(depth - 1, [...labels, name], caught);
    switch (r.below(10)) {
      case 0:
        return `(block ${name} ${body()})`;
      case 1:
      case 8:
        return `(loop ${name} ${body()})`;
      case 2:
        return `try ${name} ${body()} delegate ${target ?? labels.length}`;
      case 3: {
        const handler = () => this.statements(depth - 1, [...labels, name], [...caught, name]);
        const all = r.oneIn(2) ? `catch_all ${handler()}` : '';
        return `try ${name} ${body()} catch $e drop ${handler()} ${all} end`;
      }
      case 4:
        return `(try_table ${name} ${target === undefined ? '' : `(catch_all ${target})`} ${body()})`;
      case 5:
        return `(block ${name} (result i32) (try_table (catch $e ${name}) ${this.statements(depth - 1, labels, caught)})
          (i32.const 5)) (drop)`;
      case 6:
        return `(block ${name} (result exnref) (try_table (catch_all_ref ${name})
          ${this.statements(depth - 1, labels, caught)}) (ref.null exn)) (global.set $held)`;
      case 7:
        return `(if ${name} (local.get 0) (then ${body()}))`;
      default:
        return `(if ${name} (local.get 0) (then ${body()}) (else ${body()}))`;
    }
  }
}

async function compile(seed: number): Promise<Module> {
  return Module.decode(await parse(new Maker(new Random(seed * 15485863)).module()));
}

function fresh(module: Module): Instance {
  const store = new Store({ maxFrames: 300, maxSlots: 10_000 });
  const type = module.types[module.funcTypes[0]].composite.func;
  const host = Func.host(store, type, (call) => call.setI32(0, call.i32(0) - 1), 'f');
  return instantiatePaused(store, module, [host]);
}

describe('code that no control flow reaches', () => {
  it('is left out alike by the static walk and by lowering', async () => {
    let calls = 0;
    let loops = 0;
    for (let seed = 0; seed < 3 * MODULES; seed++) {
      const module = await compile(seed);
      for (let k = module.importedFuncs; k < module.funcTypes.length; k++) {
        const lowered = safepointsOfBody(lower(module, k));
        const points = safepointsOf(module, k);
        const offsets = points.filter(({ kind }) => kind === 'call').map(({ offset }) => offset);
        const targets = points.filter(({ kind }) => kind === 'loop').map(({ targetLoop }) => targetLoop);
        expect([seed, k, offsetsOf(lowered, 'call')]).toEqual([seed, k, offsets]);
        const headers = offsetsOf(lowered, 'loop');
        expect([seed, k, headers]).toEqual([seed, k, [...new Set(targets)].sort((a, b) => a - b)]);
        for (const { kind, offset, targetLoop, operands } of lowered) {
          const same = points.find(
            (point) => point.kind === kind && point.offset === offset && point.targetLoop === targetLoop,
          );
          expect([seed, k, offset, typesOf(same?.operands)]).toEqual([seed, k, offset, typesOf(operands)]);
        }
        calls += offsets.length;
        loops += headers.length;
      }
    }
    expect(calls).toBeGreaterThan(500);
    expect(loops).toBeGreaterThan(100);
  });
});

/** A place in a function where an instruction may stand, or anything else. */
function anyOffset(r: Random, module: Module, func: number): number {
  const defined = func - module.importedFuncs;
  if (defined < 0 || r.oneIn(20)) return r.below(60);
  return r.below(module.codeEnd[defined] - module.codeStart[defined]);
}

/** Statically all that could hold a frame, reachable or not: every offset is tried with the values that fit there. */
function forgeFrame(r: Random, module: Module, frame: Activation): Activation {
  const count = module.funcTypes.length;
  switch (r.below(6)) {
    case 0:
      return { ...frame, func: r.below(count + 1) };
    case 1:
      return { ...frame, offset: anyOffset(r, module, frame.func) };
    case 2:
      return { ...frame, site: r.pick<SiteKind>(['loop', 'call', 'entry']) };
    case 3:
      return { ...frame, targetLoop: r.below(frame.offset + 1) };
    case 4:
      return { ...frame, values: frame.values.slice(r.below(2)) };
    default: {
      const operand: TypedValue = { type: r.oneIn(2) ? 'i64' : 'i32', lo: r.below(3), hi: 0 };
      const func = r.oneIn(2) ? frame.func : 1 + r.below(count - 1);
      const offset = anyOffset(r, module, func);
      const locals: TypedValue[] = [
        { type: 'i32', lo: r.below(3), hi: 0 },
        { type: 'i64', lo: 0, hi: 0 },
      ];
      const values = r.oneIn(3) ? [...locals, operand] : locals;
      if (r.oneIn(3)) {
        return { func, site: 'loop', offset, targetLoop: r.below(offset + 1), values, targetCont: -1 };
      }
      const site = r.oneIn(4) ? 'entry' : 'call';
      return { func, site, offset, targetLoop: -1, values, targetCont: -1 };
    }
  }
}

/** A change of one field of the document. */
function forge(r: Random, module: Module, document: SnapshotDocument): SnapshotDocument {
  const [root] = document.continuations;
  const frames = [...root.activations];
  const k = r.below(frames.length);
  const points = safepointsOf(module, 1 + r.below(module.funcTypes.length - 1));
  switch (r.below(8)) {
    case 0:
      return { ...document, continuations: [{ ...root, entryFunc: r.below(module.funcTypes.length) }] };
    case 1:
      return { ...document, pendingCall: { func: r.below(3), args: [{ type: 'i32', lo: 5, hi: 0 }] } };
    case 2:
      return { ...document, pendingCall: undefined };
    case 3:
      frames.splice(k, 1 + r.below(2));
      break;
    case 4:
      frames.splice(k, 0, r.pick(frames));
      break;
    case 5: {
      const { kind, offset, targetLoop } = r.pick(points);
      frames[k] = { ...frames[k], site: kind, offset, targetLoop };
      break;
    }
    default:
      frames[k] = forgeFrame(r, module, frames[k]);
  }
  return { ...document, continuations: [{ ...root, activations: frames }] };
}

/** Documents of real runs, stopped at different places. */
function samples(module: Module, r: Random): SnapshotDocument[] {
  const found: SnapshotDocument[] = [];
  for (let func = module.importedFuncs; func < module.funcTypes.length; func++) {
    const execution = new Execution(fresh(module).funcAt(func), [i32(3)]);
    if (execution.run({ fuel: r.below(9) }).kind === 'paused') found.push(decode(encode(capture(execution))));
  }
  return found;
}

describe('forged documents over modules at random', () => {
  it(`are refused, or restored and run: ${FORGERIES} of them`, async () => {
    const outcomes: Record<string, number> = {};
    const count = (what: string) => {
      outcomes[what] = (outcomes[what] ?? 0) + 1;
    };
    for (let seed = 0, tried = 0; tried < FORGERIES; seed++) {
      const module = await compile(seed);
      const r = new Random(seed * 32452843);
      const good = samples(module, r);
      if (good.length === 0) continue;
      for (let n = 0; n < Math.ceil(FORGERIES / MODULES); n++, tried++) {
        let document = r.pick(good);
        for (let changes = r.below(3); changes >= 0; changes--) {
          if (document.continuations[0].activations.length > 0) document = forge(r, module, document);
        }
        try {
          verify(document, module);
        } catch (error) {
          if (!(error instanceof SnapshotError)) throw error;
          count(error.kind);
          expect(() => restore(document, fresh(module))).toThrow(SnapshotError);
          continue;
        }
        const execution = restore(document, fresh(module));
        // An exception that no frame holds any more is left out.
        const captured = capture(execution);
        const same = document.exceptions.length === 0 ? document : capture(restore(captured, fresh(module)));
        expect(encode(captured)).toEqual(encode(same));
        count(execution.run({ fuel: 200 }).kind);
      }
    }
    console.log(`forged frames: ${JSON.stringify(outcomes)}`);
    for (const kind of ['mismatch', 'malformed', 'done', 'paused', 'trapped']) {
      expect([kind, outcomes[kind] > 10]).toEqual([kind, true]);
    }
  }, 3_600_000);
});
