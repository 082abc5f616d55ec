/** `WebAssembly.Module`, and compiling. */

import { Module as CoreModule } from '../decoder/index';
import { type DecodeProgress, runParts } from '../decoder/parts';
import type { ExternKind, ExternType } from '../decoder/types';
import { EXTERNREF, HEAP, heapOf, isRef } from '../decoder/types';
import { blameCaller, CompileError, type Door } from '../errors';
import type { Agent } from './agent';
import { errors } from './errors';
import { bytesOf, defineInterface, dictionary } from './webidl';

/** ImportExportKind. */
type Kind = 'function' | 'table' | 'memory' | 'global' | 'tag';

type Compiling = Generator<undefined, CoreModule, undefined>;

/** WebAssemblyCompileOptions. The option `builtins` is not supported: such a module finds its imports in the import object. */
export interface CompileOptions {
  readonly importedStringConstants: string | undefined;
}

export function compileOptions(value: unknown): CompileOptions {
  const { importedStringConstants } = dictionary(value, 'the options');
  const namespace =
    importedStringConstants === undefined ? undefined : `${importedStringConstants as string}`;
  return { importedStringConstants: namespace };
}

function kindName(kind: ExternKind): Kind {
  return kind === 'func' ? 'function' : kind;
}

/** A constant `(ref extern)` matches it. */
function acceptsString(type: ExternType): boolean {
  if (type.kind !== 'global' || type.type.mutable) return false;
  return type.type.value === EXTERNREF || (isRef(type.type.value) && heapOf(type.type.value) === HEAP.extern);
}

/** "The bytes held by the buffer", copied: the module keeps them, and the program may change its buffer. */
export function stableBytes(source: unknown): Uint8Array {
  return bytesOf(source).slice();
}

export function createModule(agent: Agent, onProgress: DecodeProgress | undefined) {
  const stringModules = new WeakMap<CoreModule, string>();

  function* decode(bytes: Uint8Array): Compiling {
    try {
      return yield* CoreModule.decodeInParts(bytes, { features: agent.features, onProgress });
    } catch (error) {
      // The namespace has no subclasses of its errors; the core's says which feature the module needs.
      if (!(error instanceof CompileError) || error.constructor === errors.CompileError) throw error;
      throw new CompileError(error.message, { cause: error }, error.kind, error.offset);
    }
  }

  /** "Compile a WebAssembly module", in parts. */
  function* compileInParts(
    bytes: Uint8Array,
    { importedStringConstants: strings }: CompileOptions,
  ): Compiling {
    const core = yield* decode(bytes);
    if (strings === undefined) return core;
    for (const { module, name, type } of core.imports) {
      if (module === strings && !acceptsString(type)) {
        throw new CompileError(
          `imported string ${JSON.stringify(name)} must be a constant global of externref`,
        );
      }
    }
    stringModules.set(core, strings);
    return core;
  }

  const compile = (bytes: Uint8Array, options: CompileOptions) =>
    runParts(agent.inTime(compileInParts(bytes, options), true));

  function compileFor(door: Door, bytes: unknown, options: unknown): CoreModule {
    try {
      return compile(stableBytes(bytes), compileOptions(options));
    } catch (error) {
      blameCaller(error, door);
      throw error;
    }
  }

  class Module {
    /** Bytes, or a core module to wrap. */
    constructor(bytes: unknown, options?: unknown) {
      const core = bytes instanceof CoreModule ? bytes : compileFor(Module, bytes, options);
      // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
      return agent.adopt(core, this);
    }

    static exports(moduleObject: unknown): { name: string; kind: Kind }[] {
      const { exports } = agent.slot(moduleObject, CoreModule, 'Module');
      return exports.map(({ name, kind }) => ({ name, kind: kindName(kind) }));
    }

    static imports(moduleObject: unknown): { module: string; name: string; kind: Kind }[] {
      const core = agent.slot(moduleObject, CoreModule, 'Module');
      const strings = stringModules.get(core);
      return core.imports
        .filter(({ module }) => module !== strings)
        .map(({ module, name, type }) => ({ module, name, kind: kindName(type.kind) }));
    }

    static customSections(moduleObject: unknown, sectionName: unknown): ArrayBuffer[] {
      const core = agent.slot(moduleObject, CoreModule, 'Module');
      if (sectionName === undefined) throw new TypeError('a section name is required');
      const wanted = `${sectionName as string}`;
      const sections = core.customs.filter(({ name }) => name === wanted);
      return sections.map(({ bytes }) => new Uint8Array(core.bytes.subarray(bytes.start, bytes.end)).buffer);
    }
  }

  defineInterface(Module, 'Module', 1, ['exports', 'imports', 'customSections']);
  return { Module, compile, compileInParts, stringModuleOf: (core: CoreModule) => stringModules.get(core) };
}
