/**
 * A listing of one function: an instruction a line with its byte offset, in the text format's notation, not folded. Immediates are
 * printed by their kind (immediates.ts), so a new instruction with known immediates needs nothing here.
 */
import { codeReader, readLocalDeclarations } from './body';
import type { Module } from './decode';
import { printImmediates } from './immediates';
import { OP } from './instructions';
import { commentText, hexText, signatureText } from './listing';
import { valTypeNameIn } from './types';
import { Walk } from './walk';

/** What stands at the depth of the instruction that opened the block. */
const OUTER = [OP.end, OP.else, OP.catch, OP.catch_all, OP.delegate];

/** The lines of a defined function. */
export function* disassemble(module: Module, funcidx: number): Generator<string> {
  const type = `(type ${module.funcTypes[funcidx]})${signatureText(module.funcType(funcidx), module.types)}`;
  yield `(func (;${funcidx};)${commentText(module.funcName(funcidx))} ${type}`;
  const reader = codeReader(module, funcidx);
  for (const { offset, type: local, count } of readLocalDeclarations(reader, module)) {
    yield `${hexText(offset)}   (local${` ${valTypeNameIn(local, module.types)}`.repeat(count)})`;
  }
  let line = '';
  const hints = module.branchHints.get(funcidx);
  const start = module.codeStart[funcidx - module.importedFuncs];
  const walk = new Walk(module, funcidx, {
    instruction({ row, offset, immediates, blocks }) {
      reader.pos = immediates;
      const text = row.name.split(' ')[0] + printImmediates({ module, funcidx, reader, row, blocks });
      const depth = blocks.length - (OUTER.includes(row.op) ? 1 : 0);
      const hint = hints?.get(offset - start);
      const hinted = hint === undefined ? '' : commentText(hint ? 'likely' : 'unlikely');
      line = `${hexText(offset)} ${'  '.repeat(depth)}${text}${hinted}`;
    },
  });
  while (walk.step()) yield line;
  yield ')';
}
