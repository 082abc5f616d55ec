/** Builds the command line into a folder; gives its file. */
export function buildFleet(out?: string): Promise<string>;
