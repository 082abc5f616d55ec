/** What the parts of the orchestrator have in common: who there is, what runs where, and the way to tell a device what to do. */
import type { World } from '../agent/world';
import type { Client } from '../protocol/client';
import type { Registrar } from '../security/enrolment';
import type { Identity } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import type { TpmPin } from '../security/tpm-keys';
import { type Blobs, FileBlobs } from '../store/blobs';
import { Copies } from '../store/copies';
import type { Database } from '../store/database';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';
import { Counts } from './counts';
import { DeviceTable } from './devices';
import { ExecutionTable } from './executions';
import { Hearing } from './hearing';
import { Zones } from './zones';

/** Milliseconds between two looks at who is silent. */
export const LOOK = 200;
/** Milliseconds that a silent device has to answer. */
export const PROBE_TIMEOUT = 400;
/** Milliseconds of an order that carries a checkpoint. */
export const PLACE_TIMEOUT = 60_000;

export interface OrchestratorOptions {
  readonly world: World;
  readonly files: Files;
  readonly database: Database;
  readonly client: Client;
  readonly identity: Identity;
  readonly registrar: Registrar;
  /** Its own base URL, as devices reach it. */
  readonly url: () => string;
  readonly log: Log;
  /** Who must have signed the fleet's modules; undefined: nobody. */
  readonly signers?: Signers;
  /** Digests of the runtimes that may have what is only for attested devices. */
  readonly runtimes?: ReadonlySet<string>;
  /** Keys of TPMs, by device: what asks for a quote goes only to these. */
  readonly tpms?: ReadonlyMap<string, TpmPin>;
}

export interface About {
  readonly execution?: string;
  readonly device?: string;
}
type Log = (text: string, about?: About) => void;

export class Office {
  readonly hearing: Hearing;
  readonly devices: DeviceTable;
  readonly executions: ExecutionTable;
  readonly blobs: Blobs;
  /** Checkpoints that are kept here. */
  readonly copies: Copies;
  readonly zones: Zones;
  /** For whoever watches over the fleet. */
  readonly counts = new Counts();
  /** One thing at a time happens to an execution. */
  readonly locks = new Locks();

  constructor(readonly options: OrchestratorOptions) {
    const { database, world, files, identity } = options;
    this.hearing = new Hearing(world, LOOK);
    this.devices = new DeviceTable(database, this.hearing);
    this.executions = new ExecutionTable(database);
    this.blobs = new FileBlobs(files);
    this.copies = new Copies(files, 'copies');
    this.zones = new Zones(database, identity);
  }

  async open(): Promise<void> {
    await this.copies.open();
    await this.devices.open();
    await this.zones.open();
    await this.executions.open();
  }

  order(
    device: string,
    method: 'POST' | 'DELETE' | 'GET',
    path: string,
    document?: unknown,
    timeout?: number,
  ): Promise<unknown> {
    const url = `${this.devices.url(device)}/liquid/v1/${path}`;
    return this.options.client.json(method, url, document, timeout === undefined ? {} : { timeout });
  }

  log(text: string, about?: About): void {
    this.options.log(text, about);
  }
}

/** The route of an execution, under `/liquid/v1/` of whoever has it. */
export function pathOf(id: string): string {
  return `executions/${encodeURIComponent(id)}`;
}

/** What went wrong, for a log. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
