/** What the fleet refuses, and how it says so: one error, whose code a program reads and whose text a person does. */

/** Every code, with the HTTP status that stands for it. */
export const STATUS = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'already-exists': 409,
  /** Somebody newer has the execution. */
  'older-epoch': 409,
  'too-old': 410,
  /** The module's bytes are not here; the sender may send them. */
  'module-unknown': 412,
  'too-large': 413,
  /** The call itself failed: a trap, an exit, a function that is not there. */
  'call-failed': 422,
  /** The device lacks what the module imports, or the deployment does not permit it. */
  'capability-missing': 424,
  busy: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type FailureCode = keyof typeof STATUS;

export class FleetError extends Error {
  constructor(
    readonly code: FailureCode,
    message: string,
  ) {
    super(message);
    this.name = 'FleetError';
  }
  get status(): number {
    return STATUS[this.code];
  }
}

export interface ErrorDocument {
  readonly error: FailureCode;
  readonly message: string;
}

export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof FleetError) return { error: error.code, message: error.message };
  return { error: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** The error that an answer of another member of the fleet stands for. */
export function errorFrom(status: number, body: string): FleetError {
  try {
    const { error, message } = JSON.parse(body) as Partial<ErrorDocument>;
    if (typeof error === 'string' && Object.hasOwn(STATUS, error))
      return new FleetError(error, String(message));
  } catch {
    // Not one of ours.
  }
  const code: FailureCode = status === 404 ? 'not-found' : status >= 500 ? 'unavailable' : 'bad-request';
  return new FleetError(code, `HTTP ${status}: ${body.slice(0, 200)}`);
}
