/**
 * Decoding a module whose bodies have been validated before: who keeps what that has told, beside the very bytes, need not do it again. All else of
 * the module is decoded and validated as ever. For the command, which keeps it between its runs: nothing of this is in the library's entries.
 */
import { Module } from './decode';
import type { Features } from './features';
import type { ModuleData } from './module';
import type { Parts } from './parts';
import { ModuleDecoder } from './sections';

/** What validating the bodies of a module tells besides that they are valid. */
export interface KnownBodies {
  /** Calls in the function that has most of them. */
  readonly mostCalls: number;
  /** Indices of the globals that its functions set. */
  readonly written: readonly number[];
}

export function knownBodies({ mostCalls, globals, written }: ModuleData): KnownBodies {
  return { mostCalls, written: [...globals.keys()].filter((k) => written.has(globals[k])) };
}

class KnownDecoder extends ModuleDecoder {
  constructor(
    bytes: Uint8Array,
    features: Features,
    private readonly known: KnownBodies,
  ) {
    super(bytes, features);
  }

  protected override body(): Parts | undefined {
    return undefined;
  }
  *all(): Parts {
    yield* this.parts();
    const { context, known } = this;
    this.mostCalls = known.mostCalls;
    for (const globalidx of known.written) context.written.add(context.globals[globalidx]);
  }
}

/** Its constructor is for decoders alone. */
const MODULE = Module as unknown as new (decoder: ModuleDecoder) => Module;

/** In parts, as `Module.decodeInParts`. `known` was told of the same bytes, decoded with the same features. Throws CompileError. */
export function* decodeKnown(
  bytes: Uint8Array,
  features: Features,
  known: KnownBodies,
): Generator<undefined, Module, undefined> {
  const decoder = new KnownDecoder(bytes, features, known);
  yield* decoder.all();
  return new MODULE(decoder);
}
