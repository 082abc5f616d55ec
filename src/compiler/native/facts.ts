/** What must be known of bodies before they are walked: looks at their instructions, without types. */
import { type BlockOp, OP, type OpName } from '../../decoder';
import {
  codeReader,
  funcTypeOf,
  type LocalGroup,
  readInstruction,
  readLocalDeclarations,
  readLocals,
} from '../../decoder/body';
import { CALLS, skipImmediates } from '../../decoder/immediates';
import type { ModuleData } from '../../decoder/module';

/** How many branches go back to each loop, by the module offset of the `loop`. */
export type Loops = ReadonlyMap<number, number>;

interface OpenBlock {
  readonly isLoop: boolean;
  readonly offset: number;
  branches: number;
}

export function loopsOf(module: ModuleData, funcidx: number): Loops {
  const reader = codeReader(module, funcidx);
  readLocalDeclarations(reader, module);
  const open: OpenBlock[] = [{ isLoop: false, offset: -1, branches: 0 }];
  const loops = new Map<number, number>();
  const branch = (label: number): void => {
    const block = open[open.length - 1 - label];
    block.branches++;
  };
  while (reader.pos < reader.end) {
    const offset = reader.pos;
    const row = readInstruction(reader);
    if (row.imm === 'label') branch(reader.u32());
    else if (row.imm === 'labels') {
      // One that names a loop twice counts twice: nothing is lost but a local.
      for (let more = reader.u32(); more >= 0; more--) branch(reader.u32());
    } else {
      skipImmediates(reader, row, module);
      if (row.imm === 'block') {
        const kind = row.name as BlockOp;
        open.push({ isLoop: kind === 'loop', offset, branches: 0 });
      } else if (row.op === OP.end) {
        const block = open.pop()!;
        if (block.isLoop) loops.set(block.offset, block.branches);
      }
    }
  }
  return loops;
}

/** The functions that a function's instructions name, each once. Tail calls are calls. */
export function calleesOf(module: ModuleData, funcidx: number): number[] {
  const reader = codeReader(module, funcidx);
  readLocalDeclarations(reader, module);
  const callees = new Set<number>();
  while (reader.pos < reader.end) {
    const row = readInstruction(reader);
    if (CALLS[row.imm] === 'named') callees.add(reader.u32());
    else skipImmediates(reader, row, module);
  }
  return [...callees];
}

/** What costs fuel by the size of what it does (src/interpreter/fuel.ts). */
const CHARGES: readonly OpName[] = [
  'memory.grow',
  'memory.fill',
  'memory.copy',
  'memory.init',
  'table.grow',
  'table.fill',
  'table.copy',
  'table.init',
];
const CHARGING = new Set(CHARGES.map((name) => OP[name]));

/** Locals from which on a function is prepared to pay for its frame (src/interpreter/fuel.ts: from 512 slots on). */
const MANY_LOCALS = 250;
export function isLarge(locals: readonly LocalGroup[]): boolean {
  const last = locals[locals.length - 1];
  return last !== undefined && last.localidx + last.count >= MANY_LOCALS;
}

/** By function index: 1 when it is quiet, and it or a function that it calls charges fuel. */
export function chargingFunctions(module: ModuleData, quiet: Uint8Array): Uint8Array {
  const charging = new Uint8Array(quiet.length);
  const callers = new Map<number, number[]>();
  const found: number[] = [];
  for (let funcidx = module.importedFuncs; funcidx < quiet.length; funcidx++) {
    if (quiet[funcidx] === 0) continue;
    const reader = codeReader(module, funcidx);
    if (isLarge(readLocals(funcTypeOf(module, funcidx), reader, module))) found.push(funcidx);
    while (reader.pos < reader.end) {
      const row = readInstruction(reader);
      if (CHARGING.has(row.op)) found.push(funcidx);
      if (CALLS[row.imm] !== 'named') {
        skipImmediates(reader, row, module);
        continue;
      }
      const callee = reader.u32();
      const known = callers.get(callee);
      if (known === undefined) callers.set(callee, [funcidx]);
      else known.push(funcidx);
    }
  }
  for (let funcidx = found.pop(); funcidx !== undefined; funcidx = found.pop()) {
    if (charging[funcidx] !== 0) continue;
    charging[funcidx] = 1;
    found.push(...(callers.get(funcidx) ?? []));
  }
  return charging;
}
