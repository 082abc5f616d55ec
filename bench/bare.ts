/**
 * The JavaScript tier without safepoints: texts lose their checks of the fuel, and of callees that have left, as they are evaluated. What
 * is evaluated then cannot be stopped. Checks of room on the stack stay: they are needed for traps. Where the count of entries makes them
 * superfluous (activations.ts) they come back with its end.
 */
const CHECKS: readonly (readonly [check: RegExp, instead: string])[] = [
  [/if\(\(n=n-1\|0\)<0\)\{pc=\d+;break x\}/g, ''],
  [/\(_?Q\[1\]=_?Q\[1\]-1\|0\)<0/g, 'sp>_A.maxSp'],
  [/if\((_?A\.u!==0|\w+===undefined)\)break x;/g, ''],
  [/_?Q\[0\]=n;|n=_?Q\[0\];/g, ''],
  // Counted loops (counts.ts) end at their bounds alone.
  [/(t\d+)=[^;]*;if\(n-\1<_?M\.floor\)\{pc=\d+;break x\}n=n-\1\|0;/g, ''],
  [/n=n\+\(.*?\|0;break;/g, 'break;'],
  [/m=n<0\?[^!]*?if\(!\(.*?\)\)m=(\w+|\(-\d+\));/g, 'm=$1;'],
  [/n=n-\(.*?\|0;(k=0;)?(if\([^;]*\)\{pc=\d+;break x\})?(n=n\+1\|0;)?/g, '$1'],
];

let changed = 0;

function withoutSafepoints(text: string): string {
  const bare = CHECKS.reduce((before, [check, instead]) => before.replaceAll(check, instead), text);
  if (/\bn=n\b|Q\[1\]-1/.test(bare)) throw new Error(`a text still counts fuel: ${bare}`);
  if (bare !== text) changed++;
  return bare;
}

/** How many texts have lost checks. */
export const bareTexts = (): number => changed;

/** From now on. Rehearsals are left out: functions would run on zeros, since what they leave at is not there. */
export function evaluateBare(): void {
  const { apply } = Reflect;
  Reflect.apply = ((callee: () => unknown, self: unknown, words: readonly unknown[]) => {
    const isRehearsal = self === undefined && words.every((word) => word === 0);
    return isRehearsal ? undefined : apply(callee, self, words as []);
  }) as typeof apply;
  globalThis.Function = new Proxy(globalThis.Function, {
    construct(target, words: string[], self) {
      const text = words.pop() ?? '';
      return Reflect.construct(target, [...words, withoutSafepoints(text)], self) as object;
    },
  });
}
