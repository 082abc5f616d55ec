/**
 * Models of a device: guests compute with its own runtimes, or with those of neighbours, which it hears of with the answers to its reports. What a
 * guest brings goes to a neighbour once, and is asked for by its digest then.
 */
import { type GraphEncoding, type NnBackend, NnServer, remoteBackend, WasiNn } from 'tswasm/wasi-nn';
import type { Client } from '../protocol/client';
import { ENCODINGS } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Lender } from '../protocol/reports';
import { type Clock, sleep } from './world';

/** Milliseconds in which a neighbour with a runtime may turn up: a device that has just begun knows of none. */
const PATIENCE = 30_000;
/** Milliseconds until they are asked again. */
const AGAIN = 250;
/** Milliseconds of a computation, with the model that goes before it. */
const COMPUTE_TIMEOUT = 120_000;

export interface ModelsOptions {
  /** Runtimes of this device. */
  readonly own: readonly NnBackend[];
  readonly client: Client;
  readonly clock: Clock;
}

export class Models {
  /** Neighbours with runtimes, the next one first. */
  lenders: readonly Lender[] = [];
  private readonly server: NnServer | undefined;
  private readonly borrowed: readonly NnBackend[];

  constructor(private readonly options: ModelsOptions) {
    const { own } = options;
    this.server = own.length === 0 ? undefined : new NnServer({ backends: own });
    this.borrowed = ENCODINGS.map((encoding) =>
      remoteBackend({ encodings: [encoding], ask: (request) => this.ask(encoding, request) }),
    );
  }

  /** Those that its own runtimes read. */
  get encodings(): readonly GraphEncoding[] {
    return ENCODINGS.filter((one) => this.options.own.some(({ encodings }) => encodings.includes(one)));
  }

  /** wasi-nn for one guest. */
  companion(log: (text: string) => void): WasiNn {
    return new WasiNn({
      backends: [...this.options.own, ...this.borrowed],
      onError: (error) => log(`a model: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  /** For a guest that lives in an engine beside this one. */
  compute(encoding: GraphEncoding, request: Uint8Array): Promise<Uint8Array> {
    return this.encodings.includes(encoding) ? this.answer(request) : this.ask(encoding, request);
  }

  /** A neighbour's request. */
  async answer(request: Uint8Array): Promise<Uint8Array> {
    if (this.server === undefined)
      throw new FleetError('capability-missing', 'this device has no runtime for models');
    return this.server.answer(request);
  }

  private async ask(encoding: GraphEncoding, body: Uint8Array): Promise<Uint8Array> {
    const { client, clock } = this.options;
    const end = clock.now() + PATIENCE;
    let last: unknown = new FleetError(
      'capability-missing',
      `no device that is there runs ${encoding} models`,
    );
    do {
      for (const { url, encodings } of this.lenders) {
        if (!encodings.includes(encoding)) continue;
        try {
          const request = {
            method: 'POST',
            url: `${url}/liquid/v1/nn`,
            body,
            timeout: COMPUTE_TIMEOUT,
          } as const;
          return (await client.send(request)).body;
        } catch (error) {
          if (!(error instanceof FleetError)) throw error;
          last = error;
        }
      }
      await sleep(clock, AGAIN);
    } while (clock.now() < end);
    throw last;
  }
}
