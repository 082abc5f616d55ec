/** `tswasm inspect`. */
import {
  disassemble,
  type ExternType,
  funcTypeName,
  type Inspection,
  inspect,
  type Limits,
  Module,
  valTypeName,
} from '../../decoder';
import type { Command } from '../command';
import { loadModule } from '../load';
import { UsageError } from '../options';
import { print } from '../output';
import { EXIT, reportFailure } from '../report';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'show what a module holds and what it needs',
  usage: 'inspect [--disassemble] module.wasm',
  options: [{ name: 'disassemble', help: 'list the instructions of every function' }],
  optionsAnywhere: true,
  async run(options) {
    const [file, ...more] = options.rest;
    if (file === undefined || more.length > 0) throw new UsageError('give one module');
    try {
      const bytes = await loadModule(file);
      const inspection = inspect(bytes);
      for (const text of describe(inspection)) print(`${text}\n`);
      if (inspection.error !== undefined) return reportFailure(file, inspection.error);
      if (options.has('disassemble')) printInstructions(Module.decode(bytes));
      return EXIT.success;
    } catch (error) {
      return reportFailure(file, error);
    }
  },
};

function* describe(i: Inspection): Generator<string> {
  yield `size: ${i.size} bytes`;
  yield `features: ${i.features.join(', ') || 'none beyond WebAssembly 1.0'}`;
  yield 'sections:';
  for (const { section, name, offset, size, count } of i.sections) {
    const what = name === undefined ? section : `${section} "${name}"`;
    const entries = count === undefined ? '' : `, ${count} ${count === 1 ? 'entry' : 'entries'}`;
    yield `  0x${offset.toString(16).padStart(6, '0')}  ${what}: ${size} bytes${entries}`;
  }
  if (i.imports.length > 0) yield 'imports:';
  for (const { module, name, type } of i.imports) yield `  ${module}.${name}: ${externText(type)}`;
  if (i.exports.length > 0) yield 'exports:';
  for (const { name, kind, index } of i.exports) yield `  ${name}: ${kind} ${index}`;
}

function limitsText({ min, max, address }: Limits): string {
  const width = address === 'i64' ? 'i64 ' : '';
  return `${width}${min}${max === undefined ? '' : ` to ${max}`}`;
}

function externText(type: ExternType): string {
  switch (type.kind) {
    case 'func':
      return `func ${funcTypeName(type.type)}`;
    case 'table':
      return `table ${limitsText(type.type)} ${valTypeName(type.type.element)}`;
    case 'memory':
      return `memory ${limitsText(type.type)}`;
    case 'global':
      return `global ${type.type.mutable ? 'mut ' : ''}${valTypeName(type.type.value)}`;
    case 'tag':
      return `tag ${funcTypeName(type.type)}`;
  }
}

function printInstructions(module: Module): void {
  const imported = module.importedFuncs;
  for (let k = imported; k < module.funcTypes.length; k++) {
    print('\n');
    for (const line of disassemble(module, k)) print(`${line}\n`);
  }
}
