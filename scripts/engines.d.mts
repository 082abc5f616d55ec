export type EngineName = 'bun' | 'deno' | 'hermes';
export const ENGINES: Readonly<Record<EngineName, { readonly package: string; readonly variable: string }>>;
export function findEngine(name: EngineName): string | undefined;
export function noEngine(name: EngineName): string;
export function findNodes(): string[];
