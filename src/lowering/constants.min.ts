/** For bundles that would rather be small than run SIMD: no local has a vector. scripts/small-parts.mjs puts it for `constants.ts`. */
import type { Constants as Full } from './constants';

const nothing = (): void => {};

type Part = 'delete' | 'writeFor' | 'writeAt' | 'writeAll' | 'clear' | 'forget';

export class Constants implements Pick<Full, Part> {
  readonly delete = nothing;
  readonly writeFor = nothing;
  readonly writeAt = nothing;
  readonly writeAll = nothing;
  readonly clear = nothing;
  readonly forget = nothing;
}
