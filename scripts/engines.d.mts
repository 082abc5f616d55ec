export type EngineName = 'bun' | 'deno' | 'hermes';
export const ENGINES: Readonly<Record<EngineName, { readonly package: string; readonly variable: string }>>;
export function findEngine(name: EngineName): string | undefined;
export function noEngine(name: EngineName): string;
export type BrowserName = 'chromium' | 'firefox';
export const BROWSER_NAMES: readonly BrowserName[];
export function findBrowser(name: BrowserName): string | undefined;
export function noBrowser(name: BrowserName): string;
export function findNodes(): string[];
