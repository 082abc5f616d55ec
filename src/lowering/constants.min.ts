/** For bundles that would rather be small than run SIMD: no local has a vector. scripts/small-parts.mjs puts it for `constants.ts`. */
import type { Constants as Full } from './constants';

const nothing = (): undefined => undefined;

type Part = 'copyAt' | 'change' | 'written' | 'writeFor' | 'writeAt' | 'writeAll' | 'clear' | 'forget';

export class Constants implements Pick<Full, Part> {
  readonly copyAt = nothing;
  readonly change = nothing;
  readonly written = nothing;
  readonly writeFor = nothing;
  readonly writeAt = nothing;
  readonly writeAll = nothing;
  readonly clear = nothing;
  readonly forget = nothing;
}
