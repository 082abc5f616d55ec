/** `tswasm inspect`. */
import { disassemble, externTypeName, type Inspection, inspectInParts, type Module } from '../../decoder';
import { printable } from '../../errors';
import { INTERPRETER, policyFor, reportTier, TIER_NAMES } from '../../interpreter/policy';
import { type LoweredBody, Lowering, printLowered } from '../../lowering';
import type { Command } from '../command';
import { loadModule } from '../load';
import { UsageError } from '../options';
import { print } from '../output';
import { EXIT, reportFailure } from '../report';
import { loadTiers } from '../tiers';
import { TIMEOUT, TimeLimit } from '../time-limit';

export const inspectCommand: Command = {
  usage: 'inspect [--disassemble|--lowered|--tiers] [options] module.wasm [function...]',
  options: [
    { name: 'disassemble', help: 'list the instructions of every function, or of those named' },
    { name: 'lowered', help: 'show what they are lowered to: the statements that the tiers run' },
    { name: 'tiers', help: 'show in which tier every function can run here, and why not in a better one' },
    TIMEOUT,
  ],
  optionsAnywhere: true,
  async run(options) {
    const [file, ...functions] = options.rest;
    if (file === undefined) throw new UsageError('give a module');
    const listings = [
      options.has('disassemble') && disassemble,
      options.has('lowered') && listLowered,
      options.has('tiers') && listTiers,
    ];
    if (functions.length > 0 && !listings.some(Boolean)) {
      throw new UsageError('functions are for --disassemble, --lowered and --tiers');
    }
    const time = new TimeLimit(options);
    if (options.has('tiers')) await loadTiers();
    try {
      const bytes = await loadModule(file);
      if (functions.length > 0) {
        const module = time.decode(file, bytes);
        const funcidxs = functions.map((name) => functionNamed(module, name));
        for (const list of listings) if (list) printFunctions(module, funcidxs, list, time);
        return EXIT.success;
      }
      const inspection = time.inParts(inspectInParts(bytes));
      for (const text of describe(inspection)) print(`${text}\n`);
      if (inspection.error !== undefined) return reportFailure(file, inspection.error);
      for (const list of listings) if (list) printAll(time.decode(file, bytes), list, time);
      return EXIT.success;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(file, error);
    }
  },
};

function* describe(i: Inspection): Generator<string> {
  yield `size: ${i.size} bytes`;
  yield `features: ${i.features.join(', ') || 'none beyond WebAssembly 1.0'}`;
  yield 'sections:';
  for (const { section, name, offset, size, count } of i.sections) {
    const what = name === undefined ? section : `${section} "${printable(name)}"`;
    const entries = count === undefined ? '' : `, ${count} ${count === 1 ? 'entry' : 'entries'}`;
    yield `  0x${offset.toString(16).padStart(6, '0')}  ${what}: ${size} bytes${entries}`;
  }
  if (i.imports.length > 0) yield 'imports:';
  for (const { module, name, type } of i.imports)
    yield `  ${printable(`${module}.${name}`)}: ${externTypeName(type)}`;
  if (i.exports.length > 0) yield 'exports:';
  for (const { name, kind, index } of i.exports) yield `  ${printable(name)}: ${kind} ${index}`;
}

type Listing = (module: Module, funcidx: number, time: TimeLimit) => Iterable<string>;

/** Work of lowering between two looks at the clock. */
const LOWERED_AT_ONCE = 4096;

function listLowered(module: Module, funcidx: number, time: TimeLimit): Iterable<string> {
  const lowering = new Lowering(module, funcidx);
  let body: LoweredBody | undefined;
  for (; body === undefined; time.look()) body = lowering.run(LOWERED_AT_ONCE);
  return printLowered(module, body);
}

function* listTiers(module: Module, funcidx: number): Iterable<string> {
  const name = module.names.functions.get(funcidx);
  // The tiers that this build has, as a program runs by default.
  const policy = policyFor('auto');
  const { tier, refusals } = reportTier(module, funcidx, policy);
  yield `func ${funcidx}${name === undefined ? '' : ` $${printable(name)}`}: ${tier}`;
  const missing = TIER_NAMES.filter((known) => !policy.tiers.some((installed) => installed.name === known));
  if (tier === INTERPRETER) for (const known of missing) yield `  not ${known}: this build has no such tier`;
  for (const refusal of refusals) yield `  not ${refusal.tier}: ${refusal.why}`;
}

function printAll(module: Module, list: Listing, time: TimeLimit): void {
  const { importedFuncs, funcTypes } = module;
  const defined = Array.from({ length: funcTypes.length - importedFuncs }, (_, k) => importedFuncs + k);
  printFunctions(module, defined, list, time);
}

function printFunctions(module: Module, funcidxs: readonly number[], list: Listing, time: TimeLimit): void {
  for (const funcidx of funcidxs) {
    print('\n');
    for (const line of list(module, funcidx, time)) {
      print(`${line}\n`);
      time.look();
    }
  }
}

/** A defined function by its index, the name of an export, or its name in the name section. */
function functionNamed(module: Module, name: string): number {
  const { importedFuncs, funcTypes, exports } = module;
  const exported = exports.find((entry) => entry.kind === 'func' && entry.name === name)?.index;
  const funcidx = /^\d+$/.test(name) ? Number(name) : (exported ?? indexOfName(module, name));
  if (funcidx === undefined || funcidx >= funcTypes.length) throw new UsageError(`no function ${name}`);
  if (funcidx < importedFuncs) throw new UsageError(`function ${name} is imported: there is no body to show`);
  return funcidx;
}

function indexOfName({ names }: Module, wanted: string): number | undefined {
  for (const [funcidx, name] of names.functions) if (name === wanted) return funcidx;
  return undefined;
}
