/** The optional packages of other platforms that the `packages` of a lock file lack, by path. */
export function missingEntries(packages: Record<string, object>): Record<string, object>;
