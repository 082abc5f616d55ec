/** Modules that are not compiled ahead of time, and why: a file has no interpreter to leave a function to. */
import { type ModuleData, V128 } from '../../../decoder';
import { bodyOf } from '../bodies';
import { whyNot } from '../refusals';
import { everyStatement } from '../walk';
import { isInFiles } from './work';

/** As many reasons as one message lists. */
const MOST_REASONS = 20;

export function whyNoFile(module: ModuleData): string[] {
  const { memories, tables, tags, types, funcTypes, importedFuncs, globals } = module;
  const reasons: string[] = [];
  memories.forEach(({ address, shared }, k) => {
    if (address === 'i64') reasons.push(`memory ${k} has 64-bit addresses`);
    if (shared) reasons.push(`memory ${k} is shared`);
  });
  tables.forEach(({ address }, k) => {
    if (address === 'i64') reasons.push(`table ${k} has 64-bit indices`);
  });
  if (tags.length > 0) reasons.push('it has tags: exceptions are not compiled');
  if (types.some(({ supertype }) => supertype !== undefined)) reasons.push('a type has a supertype');
  globals.forEach(({ value }, k) => {
    if (value === V128) reasons.push(`global ${k} is a vector`);
  });
  for (let k = 0; k < funcTypes.length && reasons.length < MOST_REASONS; k++) {
    const { params, results } = types[funcTypes[k]].composite.func;
    const why = k < importedFuncs ? undefined : (whyNot(module, k) ?? whyNotInFile(module, k));
    if (why !== undefined) reasons.push(`function ${k}: ${why}`);
    else if ([...params, ...results].includes(V128)) reasons.push(`function ${k} takes or gives a vector`);
  }
  return reasons;
}

function whyNotInFile(module: ModuleData, funcidx: number): string | undefined {
  let missing: string | undefined;
  everyStatement(bodyOf(module, funcidx).statements, (statement) => {
    if (statement.kind === 'effect' && !isInFiles(statement.op)) missing = `no file can do ${statement.op}`;
  });
  return missing;
}
