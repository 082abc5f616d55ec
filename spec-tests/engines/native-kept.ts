/**
 * The native tier as `native-mixed`, but with code that has been emitted before, of a module whose bodies have been validated before: both come out
 * of a file, as from an earlier run of the command.
 */
import { contentsOf, headOf } from '../../embed/node/kept-file';
import { factsOf } from '../../src/compiler/native/facts';
import type { KnownCode, KnownProgram } from '../../src/compiler/native/kept';
import type { Variant } from '../../src/compiler/native/layout';
import { Program } from '../../src/compiler/native/program';
import { whyNotModule } from '../../src/compiler/native/refusals';
import { NativeTier } from '../../src/compiler/native/tier';
import { Module } from '../../src/decoder/index';
import { knowBodiesOf, knownBodies } from '../../src/decoder/known-bodies';
import { runParts } from '../../src/decoder/parts';
import type { Engine, EngineModule } from '../engine';
import { host, NativeMixedSession, PARTS, report } from './native-tier';
import { tswasmEngine } from './tswasm';

const tier = new NativeTier(host, PARTS);

/** What runs keep that have run all of a module, from every loop on: the first makes groups in haste, the second as they should be. */
function keptCode(module: Module, isExact: boolean): KnownCode {
  if (whyNotModule(module) !== undefined) return { programs: [] };
  const programs = [false, true].flatMap((isShared) => {
    const variant = { isShared, isExact };
    try {
      return programOfAll(module, variant, programOfAll(module, variant, {})).program ?? [];
    } catch (error) {
      // The host's engine does not take it.
      if (error instanceof Error && error.name === 'CompileError') return [];
      throw error;
    }
  });
  return { programs };
}

function programOfAll(module: Module, variant: Variant, known: KnownProgram): KnownProgram {
  const program = new Program(module, host, PARTS, variant, known);
  for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++) {
    if (typeof program.group(funcidx, true) === 'string') continue;
    const start = module.codeStart[funcidx - module.importedFuncs];
    for (const loop of factsOf(module, funcidx).loops.keys()) program.continuation(funcidx, loop - start);
  }
  return program.kept;
}

class NativeKeptSession extends NativeMixedSession {
  constructor(private readonly script: string) {
    super(script, tier);
  }

  override compile(bytes: Uint8Array): EngineModule {
    const module = Module.decode(bytes, { features: this.features });
    const known = keptCode(module, this.store.canonicalNans);
    const head = headOf({ bodies: knownBodies(module), known, hasOthers: false });
    const file = Buffer.concat([head, bytes]);
    const read = (into: Uint8Array, at: number) => into.set(file.subarray(at, at + into.length));
    const contents = runParts(contentsOf({ length: file.length, read }, bytes));
    if (contents === undefined) throw new Error(`${this.script}: what has been kept is not there`);
    const copy = bytes.slice();
    knowBodiesOf(copy, contents.bodies);
    const again = Module.decode(copy, { features: this.features });
    tier.know(again, contents.known);
    return again;
  }
}

export const nativeKeptEngine: Engine = {
  ...tswasmEngine,
  name: 'native-kept',
  open: (script) => new NativeKeptSession(script),
  finish: () => report(tier),
};
