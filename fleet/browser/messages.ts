/** What the page and its worker say to each other. */

/** From the page. */
export type ToWorker =
  | {
      readonly kind: 'start';
      readonly base: string;
      readonly name: string;
      readonly token: string | undefined;
    }
  /** The page has gone to the background, or come back. */
  | { readonly kind: 'hidden'; readonly hidden: boolean };

export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly fuelUsed: number;
  readonly memoryBytes: number;
}

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'running'; readonly name: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'executions'; readonly executions: readonly Shown[] };
