/**
 * Decoding modules whose bodies have been validated before: who keeps what that has told, beside the very bytes, need not do it again. All else of
 * a module is decoded and validated as ever.
 */
import { decodeBy } from './decode';
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

/** In parts; undefined: nobody knows. */
export type Knowing = Generator<undefined, KnownBodies | undefined>;

/**
 * From now on bodies of modules are not validated of which `of` knows what that tells. It must have been told of the same bytes, decoded with the
 * same features.
 */
export function knowBodies(of: (bytes: Uint8Array, features: Features) => Knowing): void {
  decodeBy(
    class extends ModuleDecoder {
      private known: KnownBodies | undefined;

      protected override body(funcidx: number, start: number, end: number): Parts | undefined {
        return this.known === undefined ? super.body(funcidx, start, end) : undefined;
      }
      override *parts(): Parts {
        const { context } = this;
        const known = yield* of(context.bytes, context.features);
        this.known = known;
        yield* super.parts();
        if (known === undefined) return;
        this.mostCalls = known.mostCalls;
        for (const globalidx of known.written) context.written.add(context.globals[globalidx]);
      }
    },
  );
}

/** The same of one module. */
export function knowBodiesOf(bytes: Uint8Array, known: KnownBodies): void {
  // biome-ignore lint/correctness/useYield: there is nothing to be done in parts
  knowBodies(function* (given) {
    return given === bytes ? known : undefined;
  });
}
