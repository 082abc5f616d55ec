/**
 * The worked frames of the draft. TSWASM_SNAPSHOT_DRAFT names the folder test/snapshot of its repository; without it these tests are
 * skipped, and say so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Module, valTypeName } from '../decoder';
import { localsOf, safepointsOf } from '../decoder/safepoints';
import { typesOf } from '../decoder/typelist';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { type Func, type Instance, instantiatePaused } from '../runtime';
import { compile } from '../testing';
import { capture, snapshot } from './capture';
import { decode } from './decode';
import { encode } from './encode';
import { restore } from './restore';
import { verify } from './verify';

function fresh(module: Module): Instance {
  return instantiatePaused(new Store(), module, []);
}
function run(module: Module): Execution {
  return new Execution(fresh(module).exports.get('run') as Func, []);
}
function accepts(bytes: Uint8Array, module: Module): boolean {
  try {
    verify(decode(bytes), module);
    return true;
  } catch (error) {
    if (error instanceof SnapshotError) return false;
    throw error;
  }
}

const DRAFT = process.env.TSWASM_SNAPSHOT_DRAFT;
if (DRAFT === undefined) {
  console.log(
    'SKIPPED: the worked frames of the draft (set TSWASM_SNAPSHOT_DRAFT to test/snapshot of its repository)',
  );
}

/** The draft's worked frames, run: step from pause to pause until the innermost frame is the one stated, and compare all. */
describe.skipIf(DRAFT === undefined)('the worked frames of the draft, run', () => {
  const folder = join(DRAFT ?? '', 'frames');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.wat')) : [];
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  for (const name of files.filter((file) => !read(file).includes('try_table'))) {
    it(name, () => {
      const stated = [...read(name).matchAll(/@frame root (.*)/g)].map(([, text]) =>
        text.replace(/\s+/g, ' ').trim(),
      );
      const module = compile(read(name), { names: false });
      const execution = run(module);
      const place = (text: string) => text.split(' ').slice(0, 2).join(' ');
      for (let steps = 0; ; steps++) {
        expect(steps).toBeLessThan(100);
        expect(execution.run({ fuel: 1 }).kind).toBe('paused');
        const found = written(execution, module);
        if (place(found[found.length - 1]) !== place(stated[stated.length - 1])) continue;
        expect(found).toEqual(stated);
        break;
      }
      expect(restore(snapshot(execution), fresh(module)).run().kind).toBe('done');
    });
  }

  for (const name of files.filter((file) => !read(file).includes('try_table'))) {
    it(`${name}: every stated frame is a safepoint`, () => {
      const module = compile(read(name), { names: false });
      const stated = [...read(name).matchAll(/@frame root (\d+) (\S+)(?: loop@\+0x(\S+))? :(.*)\|(.*)/g)];
      expect(stated.length).toBeGreaterThan(0);
      for (const [, func, site, loop, locals, stack] of stated) {
        const words = (text: string) => text.split(' ').filter((word) => word !== '');
        const target = loop === undefined ? -1 : Number.parseInt(loop, 16);
        const kind = site === 'back-edge' ? 'loop' : site;
        expect(localsOf(module, Number(func)).map(valTypeName)).toEqual(words(locals));
        const points = safepointsOf(module, Number(func)).filter(
          (point) => point.kind === kind && point.targetLoop === target,
        );
        expect(points.map((point) => typesOf(point.operands).map(valTypeName))).toContainEqual(words(stack));
      }
    });
  }

  it('are there', () => expect(files.length).toBeGreaterThan(0));

  it('back-edge-target.wat, sent round the other loop', () => {
    const module = compile(readFileSync(join(DRAFT ?? '', 'back-edge-target.wat'), 'utf8'), { names: false });
    const execution = run(module);
    execution.run({ fuel: 1 });
    let document = capture(execution);
    while (document.continuations[0].activations[0].site !== 'loop') {
      execution.run({ fuel: 1 });
      document = capture(execution);
    }
    const bytes = encode(document);
    expect(restore(bytes, fresh(module)).run().kind).toBe('done');
    const [root] = document.continuations;
    const [frame] = root.activations;
    const sent = (targetLoop: number) =>
      encode({ ...document, continuations: [{ ...root, activations: [{ ...frame, targetLoop }] }] });
    const loops: number[] = [];
    for (let target = 0; target < frame.offset; target++) {
      if (accepts(sent(target), module)) loops.push(target);
    }
    expect(loops).toHaveLength(2);
    const other = loops.find((target) => target !== frame.targetLoop)!;
    expect(restore(sent(other), fresh(module)).run()).toMatchObject({
      kind: 'trapped',
      error: { code: 'unreachable' },
    });
  });
});

/** Frames the way the draft writes them. */
function written(execution: Execution, module: Module): string[] {
  return capture(execution).continuations[0].activations.map(({ func, site, targetLoop, values }) => {
    const locals = localsOf(module, func).length;
    const types = values.map(({ type }) => type);
    const place = site === 'loop' ? `back-edge loop@+0x${targetLoop.toString(16)}` : site;
    const words = [func, place, ':', ...types.slice(0, locals), '|', ...types.slice(locals)];
    expect(localsOf(module, func).map(valTypeName)).toEqual(types.slice(0, locals));
    return words.join(' ');
  });
}
