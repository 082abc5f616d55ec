/** What members of the fleet, as servers of this machine, have in common. */
import type { NnBackend } from 'tswasm/wasi-nn';
import type { Devices } from '../agent/host/devices';
import type { Signers } from '../security/module-signatures';
import type { TpmPin } from '../security/tpm-keys';
import type { Files } from '../store/files';
import type { BusChoice } from './buses';
import type { EventLog } from './events';
import type { QuickjsChoice } from './quickjs';
import type { Address, Listening } from './server';

export interface MemberOptions {
  readonly name: string;
  readonly folder: string;
  readonly address: Address;
  /** The address that others reach it under, when that is another one. */
  readonly publicHost?: string;
  readonly events: EventLog;
  /** Who must have signed what runs. */
  readonly signers?: Signers;
  readonly bus: BusChoice;
  /** The UDP port of the orchestrator's door for small devices, if it has one; 0: any that is free. */
  readonly coap?: number;
  /** The URL of the store that orchestrators share; none: the folder. */
  readonly store?: string | undefined;
  /** Runtimes for models, on an agent. */
  readonly backends?: readonly NnBackend[];
  /** Digests of the runtimes that an orchestrator lets have what is only for attested devices. */
  readonly runtimes?: ReadonlySet<string>;
  /** Keys of the devices' TPMs, for an orchestrator. */
  readonly tpms?: ReadonlyMap<string, TpmPin>;
  /** What hangs on an agent's device. */
  readonly devices?: Devices;
  /** Whether an agent gets new keys at this start. */
  readonly newKeys?: boolean;
  /** How an agent reaches the TPM of its device. */
  readonly tpm?: string;
  /** The QuickJS in which an agent's guests run; without one, they run in the agent. */
  readonly qjs?: QuickjsChoice;
}

export interface Member {
  readonly url: string;
  close(): Promise<void>;
}

export const BASE = '/liquid/v1';

export function hostOf({ address, publicHost }: MemberOptions): string {
  return publicHost ?? (address.hostname === '0.0.0.0' ? '127.0.0.1' : address.hostname);
}
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
export function urlOf(options: MemberOptions, { port }: Listening): string {
  return `http${options.address.tls === undefined ? '' : 's'}://${authority(hostOf(options), port)}`;
}

/** The file with what lets an observer read: `/metrics`, as `Authorization: Bearer` (Prometheus calls it `credentials_file`), and `/v2/`, as a password. */
export const OBSERVER_FILE = 'observer.token';

export async function observerToken(files: Files): Promise<string> {
  const kept = await files.read(OBSERVER_FILE);
  if (kept !== undefined) return new TextDecoder().decode(kept).trim();
  const token = crypto.randomUUID();
  await files.write(OBSERVER_FILE, new TextEncoder().encode(`${token}\n`));
  return token;
}
