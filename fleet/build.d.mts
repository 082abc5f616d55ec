/** Builds the command line into a folder; gives its file. */
export function buildFleet(out?: string): Promise<string>;
/** Builds what QuickJS runs beside an agent into a folder; gives its file. */
export function buildGuests(out: string): Promise<string>;
