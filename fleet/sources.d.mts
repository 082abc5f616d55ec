export const SOURCES: Readonly<Record<string, string>>;
export const BROWSER_SOURCES: Readonly<Record<string, string>>;
export const QUICKJS_SOURCES: Readonly<Record<string, string>>;
