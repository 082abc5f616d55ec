/** Structured statements as basic blocks: what the assembler, which works from the last block to the first, may rely on. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import {
  type Call,
  type CallIndirect,
  type CallRef,
  callPointOf,
  type LoweredBody,
  lower,
  safepointOf,
} from '../lowering';
import { REFERENCE_SHAPES, referenceShapeModule, SHAPES, shapeModule } from '../lowering/shapes';
import { offsetsOf, safepointsOfBody } from '../lowering/testing';
import { compile } from '../testing';
import {
  type Blocks,
  type HandlerClause,
  type Handlers,
  type Header,
  isBack,
  type Simple,
  type Target,
  type Terminator,
} from './blocks';
import { Flattening } from './flatten';
import { endingsOf } from './forms';

function flattened(body: LoweredBody, most = Number.POSITIVE_INFINITY): Blocks {
  const flattening = new Flattening(body);
  for (let turns = 0; turns < 100_000; turns++) {
    const flat = flattening.run(most);
    if (flat !== undefined) return flat;
  }
  throw new Error('it does not end');
}

interface Block {
  readonly end: Terminator;
  readonly handlers: Handlers | undefined;
  readonly statements: readonly Simple[];
}
function listOf(blocks: Blocks): Block[] {
  return blocks.ends.map((end, k) => ({
    end,
    handlers: blocks.handlers[k],
    statements: blocks.statements[k],
  }));
}

function targetsOf({ end, handlers }: Block): Target[] {
  const targets: Target[] = [];
  if (end.kind === 'place' || end.kind === 'back') targets.push(end);
  if (end.kind === 'if') targets.push(end.yes, end.no);
  if (end.kind === 'table') targets.push(...end.targets);
  for (let at = handlers; at !== undefined; at = at.outer) targets.push(...at.clauses.map((c) => c.target));
  return targets;
}

/** Catch clauses that handle something, each once. */
function clausesOf(blocks: readonly Block[]): HandlerClause[] {
  const all = new Set<HandlerClause>();
  for (const { handlers } of blocks)
    for (let at = handlers; at !== undefined; at = at.outer) for (const clause of at.clauses) all.add(clause);
  return [...all];
}

/** Blocks and places refer to each other: numbers for them. */
function shown(block: Block): unknown[] {
  const targets = targetsOf(block).map((t) => {
    if (isBack(t)) return [t.header.block, t.branch.offset];
    return typeof t === 'number' ? [t] : [t.block];
  });
  return [block.statements.map(({ kind }) => kind), block.end.kind, targets];
}

const bodies: [name: string, body: LoweredBody][] = Object.entries(SHAPES).map(([name, text]) => [
  name,
  lower(compile(shapeModule(text)), 0),
]);
for (const [name, text] of Object.entries(REFERENCE_SHAPES)) {
  bodies.push([name, lower(Module.decode(await parse(referenceShapeModule(text))), 0)]);
}

function isCall(end: Terminator): end is Call | CallIndirect | CallRef {
  return end.kind === 'call' || end.kind === 'call_indirect' || end.kind === 'call_ref';
}

describe.each(bodies)('%s', (_, body) => {
  const flat = flattened(body);
  const blocks = listOf(flat);
  const { headers } = flat;

  it('each block ends, and goes to a block behind it, or back to a loop at a safepoint', () => {
    blocks.forEach((block, k) => {
      expect(block.end, `block ${k}`).toBeDefined();
      for (const target of targetsOf(block)) {
        if (isBack(target)) {
          expect(target.header.block).toBeLessThanOrEqual(k);
          expect(safepointOf(target.branch)?.kind).toBe('loop');
        } else {
          const block = typeof target === 'number' ? target : target.block;
          expect(block).toBeGreaterThan(k);
          expect(block).toBeLessThan(blocks.length);
        }
      }
    });
  });

  it('calls and bulk operations go on in the next block', () => {
    blocks.forEach(({ end }, k) => {
      if (isCall(end) || end.kind === 'bulk') expect(k + 1).toBeLessThan(blocks.length);
    });
  });

  it('has the safepoints of the statements', () => {
    const calls = blocks.flatMap(({ end }) => (isCall(end) ? [callPointOf(end)] : []));
    const backs = blocks
      .flatMap(targetsOf)
      .flatMap((target) => (isBack(target) ? safepointOf(target.branch)! : []));
    const statements = safepointsOfBody(body);
    expect(offsetsOf(calls, 'call')).toEqual(offsetsOf(statements, 'call'));
    const caught = clausesOf(blocks).flatMap(({ target }) =>
      isBack(target) ? safepointOf(target.branch)! : [],
    );
    const all = [...backs, ...caught];
    expect(offsetsOf(all, 'loop')).toEqual(offsetsOf(statements, 'loop'));
  });

  it('knows the last block that goes back to a loop', () => {
    const last = new Map<Header, number>();
    blocks.forEach((block, k) => {
      const { end } = block;
      const ends = isBack(end) ? [end] : end.kind === 'if' ? [end.yes, end.no] : [];
      const targets = end.kind === 'table' ? end.targets : ends;
      for (const target of targets) if (isBack(target)) last.set(target.header, k);
    });
    for (const [place, k] of last) expect(place.last).toBe(k);
    const caught = clausesOf(blocks).flatMap(({ target }) => (isBack(target) ? target.header : []));
    const all = new Set([...last.keys(), ...caught]);
    expect(headers).toEqual([...all].sort((a, b) => a.block - b.block));
    for (const header of headers) {
      expect(flat.header('targetLoop', header.targetLoop)).toBe(header);
      expect(flat.header('block', header.block)).toBe(header);
    }
    const found = blocks.filter((_, k) => flat.header('block', k) !== undefined);
    expect(found.length).toBe(headers.length);
    expect(flat.header('targetLoop', -1) ?? flat.header('targetLoop', 1e9)).toBe(undefined);
    const { outermost, inside } = endingsOf(flat);
    const told = blocks.flatMap((_, k) => {
      const starts: number[] = [];
      for (let loop = outermost[k]; loop > 0; loop = inside[loop]) starts.push(headers[loop - 1].block);
      // Outer loops begin before inner ones.
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      return starts.map((start): [number, number] => [start, k]);
    });
    expect(new Map(told)).toEqual(new Map([...last].map(([{ block }, k]) => [block, k])));
  });

  it('is the same in slices of one statement', () => {
    expect(listOf(flattened(body, 1)).map(shown)).toEqual(blocks.map(shown));
  });
});

describe('blocks grow with the body alone', () => {
  const NESTED: Readonly<Record<string, (n: number) => string>> = {
    blocks: (n) => `${'(block '.repeat(n)}(br_if 0 (local.get 0))${')'.repeat(n)}`,
    loops: (n) => `${'(loop '.repeat(n)}(br_if 0 (local.get 0))${')'.repeat(n)}`,
    ifs: (n) => `${'(if (local.get 0) (then '.repeat(n)}(nop)${'))'.repeat(n)}`,
    'ifs in a row': (n) => '(if (local.get 0) (then (nop)) (else (local.set 0 (i32.const 1))))'.repeat(n),
    calls: (n) => '(call 0 (local.get 0))'.repeat(n),
  };
  it.each(Object.entries(NESTED))('%s', (_, text) => {
    // wabt's parser nests on a stack of its own, which 150 blocks destroy.
    const sizes = [25, 50, 100].map((n) => {
      const blocks = listOf(flattened(lower(compile(`(module (func (param i32) ${text(n)}))`), 0)));
      return blocks.length + blocks.reduce((sum, block) => sum + targetsOf(block).length, 0);
    });
    expect(sizes[2] - sizes[1]).toBeLessThanOrEqual(2 * (sizes[1] - sizes[0]));
  });
});

it('counts the labels of tables, and what branches move, as work', () => {
  const table = `(br_table ${'0 '.repeat(1000)} (local.get 0))`;
  const flat = new Flattening(
    lower(compile(`(module (func (param i32) ${`(block ${table})`.repeat(50)}))`), 0),
  );
  let slices = 0;
  while (!flat.run(256)) slices++;
  expect(slices).toBeGreaterThanOrEqual(49);
});
