/**
 * Installs the tiers that Node has, best first: the native one where there is `WebAssembly`, the JavaScript one where text may be evaluated.
 * Stores that ask for them run there.
 */
import { type Evaluate, JavaScriptTier } from '../../src/compiler/javascript';
import { installTiers, type Tier } from '../../src/index';
import { nativeTier } from './native-tier';

/** Read once, before a program may put something else in its place. */
const { Function: Evaluator } = globalThis;

const evaluate: Evaluate = (parameters, body) => new Evaluator(...parameters, body) as ReturnType<Evaluate>;

/** Who embeds Node may forbid it (`--disallow-code-generation-from-strings`). */
function mayEvaluate(): boolean {
  try {
    return evaluate([], 'return true')() === true;
  } catch {
    return false;
  }
}

const tiers: Tier[] = [];
if (nativeTier !== undefined) tiers.push(nativeTier);
if (mayEvaluate()) tiers.push(new JavaScriptTier({ evaluate, compilesHot: nativeTier !== undefined }));
installTiers(tiers);
