/** The browsers that pages are tried in, each where it is. */
import { type BrowserName, findBrowser, noBrowser } from '../../../scripts/engines.mjs';
import { Chromium } from './chromium';
import { Firefox } from './firefox';
import type { Browser } from './page';

const CLASSES = { chromium: Chromium, firefox: Firefox } as const;

/** The program; undefined where there is none, which is said aloud. */
export function browserOrNotice(name: BrowserName): string | undefined {
  const program = findBrowser(name);
  if (program === undefined) console.warn(`SKIPPED: ${noBrowser(name)}, so no page is tried in ${name}`);
  return program;
}

export function startBrowser(name: BrowserName, program: string): Browser {
  return new CLASSES[name](program);
}
