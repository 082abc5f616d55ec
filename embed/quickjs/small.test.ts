/** The small set in QuickJS: programs stop there and go on in Node, and the other way round; what it lacks it names. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleForNode, bundleForQuickjs, smallBundleForQuickjs } from './tests/bundle';
import { askFresh, type EngineCommand } from './tests/engines';
import { assemble, PROGRAMS } from './tests/programs';
import { travel } from './tests/travel';
import { VM_LIMITS } from './tests/vm';
import { toHex } from './tests/wire';

let node: EngineCommand;
let small: EngineCommand;
beforeAll(async () => {
  const command = process.execPath;
  node = { name: 'node', command, args: [await bundleForNode('main-node.ts')] };
  const file = await smallBundleForQuickjs('vm-entry.ts');
  const vm = [await bundleForNode('main-vm.ts'), file, String(VM_LIMITS.memoryBytes)];
  small = { name: 'small', command, args: vm };
});

const TIMEOUT = 300_000;
/** Calls, and a host that is waited for; all in check:full. */
const TRAVELLERS = PROGRAMS.filter(
  ({ name, text }) =>
    /recursive|waiting/.test(name) || (process.env['TSWASM_HEAVY'] === '1' && !text.includes('v128')),
);

describe('the small set for QuickJS', () => {
  it.each(TRAVELLERS)('$name moves between it and Node', { timeout: TIMEOUT }, async ({ text, args }) => {
    const program = { module: toHex(await assemble(text)), entry: 'run', args } as const;
    const unmoved = await askFresh(node, { kind: 'leg', ...program });
    if (unmoved.kind !== 'done') throw new Error(JSON.stringify(unmoved));
    const options = { engines: [small, node], stops: 2, seed: 7, compareEvery: 3 };
    const moved = await travel(program, unmoved.fuelUsed, options);
    expect(moved.ending).toMatchObject({ kind: 'done', results: unmoved.results });
    expect([moved.stops, moved.fuelUsed]).toEqual([2, unmoved.fuelUsed]);
  });

  it('refuses SIMD by its name', { timeout: TIMEOUT }, async () => {
    const text = '(module (func (export "run") (drop (v128.const i32x4 1 2 3 4))))';
    const request = { kind: 'calls', module: toHex(await assemble(text)), calls: [] } as const;
    await expect(askFresh(small, request)).rejects.toThrow(/SIMD/);
    expect((await askFresh(node, request)).kind).toBe('called');
  });

  it('exports all but what devices need not have', async () => {
    const [whole, own] = await Promise.all([import('./index'), import('./small')]);
    const missing = Object.keys(whole).filter((name) => !(name in own));
    const expected = [
      'APPEND DEFAULT_LIMITS DEFAULT_MEMORY_LIMITS DEFAULT_STORE_LIMITS FUEL_VERSION RIGHTS TarError',
      'BOTTOM BOTTOM_HEAP EXNREF HEAP V128 asNonNull asNullable concreteHeap defaultValue externTypeName',
      'funcTypeName heapOf heapTypeId heapTypeName isDefaultable isNullable isNum isRef refTo refType',
      'sameTypes slotsOf v128 valTypeName valTypeNameIn',
      'Exception HOST_TAG Tag UncaughtException',
      'copyDirectory decodeSnapshot describe errnoName installTiers loadTar overlay saveTar',
      'setFreshFactories sourceOf useFactories useMemoryBacking useSourcePositions',
    ].flatMap((names) => names.split(' '));
    expect(missing.sort()).toEqual(expected.sort());
  });

  it('is less than two thirds of the whole', { timeout: TIMEOUT }, async () => {
    const bytes = async (file: Promise<string>) => readFileSync(await file).length;
    const whole = await bytes(bundleForQuickjs('vm-entry.ts'));
    expect(await bytes(smallBundleForQuickjs('vm-entry.ts'))).toBeLessThan((whole * 2) / 3);
  });
});
