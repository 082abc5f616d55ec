/** A run of a module, and what earlier runs have found out about that (embed/node/kept-module.ts): `run` and `resume` begin with it, and
 * add to it. */
import { KeptModule, userFolder } from '../../embed/node/kept-module';
import type { KnownCode } from '../../embed/node/native-tier';
import type { Features } from '../decoder';
import { knowBodiesOf, knownBodies } from '../decoder/known-bodies';
import { runParts } from '../decoder/parts';
import type { Instance } from '../index';
import { codeOf } from '../interpreter/code';
import type { OptionSpec, Options } from './options';
import { isExact, nativeTierIfUsed } from './tiers';

export const NO_CACHE: OptionSpec = {
  name: 'no-cache',
  help: 'keep nothing about the module for later runs, and use nothing that is kept',
};

export class KeptRun {
  private constructor(
    private readonly kept: KeptModule,
    private readonly bytes: Uint8Array,
  ) {
    if (kept.contents !== undefined) knowBodiesOf(bytes, kept.contents.bodies);
  }

  /** Before the module is decoded. Undefined where nothing is to be kept. `features` as `-W` gives them. */
  static of(
    options: Options,
    bytes: Uint8Array,
    features: Partial<Features> | undefined,
  ): KeptRun | undefined {
    const folder = options.has(NO_CACHE.name) ? undefined : userFolder();
    const salt = JSON.stringify([features, isExact(options)]);
    const kept = folder && runParts(KeptModule.in(folder, bytes, salt));
    return kept ? new KeptRun(kept, bytes) : undefined;
  }

  /** What runs natively of it; undefined: nobody knows, or nothing does. */
  private get code(): KnownCode | undefined {
    const code = this.kept.contents?.known;
    return code === undefined || (code.programs.length === 0 && !code.wanted?.length) ? undefined : code;
  }
  /** The tiers that it begins in. */
  get tiers(): 'none' | 'native' | 'all' {
    if (this.code === undefined) return 'none';
    return this.kept.contents!.hasOthers ? 'all' : 'native';
  }

  /** Before its functions run. */
  begin({ module }: Instance): void {
    const { code } = this;
    if (code !== undefined) nativeTierIfUsed()?.know(module, code);
  }

  /** When it has run: keeps what has been found out. */
  end(instance: Instance): void {
    const known = this.found(instance) ?? (this.kept.contents === undefined ? NOTHING : undefined);
    if (known === undefined) return;
    const hasOthers = (nativeTierIfUsed()?.counts.refused.size ?? 0) > 0;
    this.kept.write({ bodies: knownBodies(instance.module), known, hasOthers }, this.bytes);
  }

  /** Undefined: no more than was known. */
  private found(instance: Instance): KnownCode | undefined {
    const found = nativeTierIfUsed()?.found(instance.module);
    if (found?.wanted === undefined) return found;
    const interpreted = [...instance.knownFuncs()]
      .filter((func) => func.callback === undefined && codeOf(func).code !== undefined)
      .map(({ funcidx }) => funcidx);
    return { programs: [], wanted: [...new Set([...found.wanted, ...interpreted])] };
  }
}
const NOTHING: KnownCode = { programs: [] };
