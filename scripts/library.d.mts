/** Entries by the name of the built file. */
export declare const LIBRARY: Readonly<Record<string, string>>;
export declare const FACTORIES: Readonly<Record<string, string>>;
export declare const QUICKJS: Readonly<Record<string, string>>;
export declare function buildLibrary(out: string, write: (file: string, text: string) => void): Promise<void>;
