/**
 * Installs the tiers that Node has, best first: the native one where there is `WebAssembly` (with `--jitless` there is none), the JavaScript
 * one where text may be evaluated. Stores that ask for them run there.
 */
import { type Evaluate, JavaScriptTier } from '../../src/compiler/javascript';
import { type HostWebAssembly, NativeTier } from '../../src/compiler/native';
import { installTiers, type Tier } from '../../src/index';

/** Read once, before a program may put something else in their place. */
const { WebAssembly: host, Function: Evaluator } = globalThis as {
  WebAssembly?: HostWebAssembly;
  Function: FunctionConstructor;
};

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
if (host !== undefined) tiers.push(new NativeTier(host));
if (mayEvaluate()) tiers.push(new JavaScriptTier({ evaluate, compilesHot: host !== undefined }));
installTiers(tiers);
