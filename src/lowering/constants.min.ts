/** For bundles that would rather be small than run SIMD: no local has a vector. scripts/small-parts.mjs puts it for `constants.ts`. */
import type { Constants as Full } from './constants';
import type { Expr } from './expr';

const nothing = (): undefined => undefined;

type Part =
  | 'copyAt'
  | 'source'
  | 'change'
  | 'written'
  | 'writeFor'
  | 'writeAt'
  | 'writeAll'
  | 'clear'
  | 'forget';

export class Constants implements Pick<Full, Part> {
  readonly copyAt = nothing;
  readonly source = (value: Expr): Expr => value;
  readonly change = nothing;
  readonly written = nothing;
  readonly writeFor = nothing;
  readonly writeAt = nothing;
  readonly writeAll = nothing;
  readonly clear = nothing;
  readonly forget = nothing;
}
