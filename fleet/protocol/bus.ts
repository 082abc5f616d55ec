/**
 * The bus: short messages that tell at once what reports would tell half a second later. Nothing depends on it: whoever has no bus goes on by HTTP.
 * Bytes never go over it. What a message may cause by itself is only what it could cause at any later time, too; all else is asked for by HTTP. So a
 * message that somebody keeps and sends again does no harm.
 *
 * | topic | from, retained | what | what comes of it |
 * |---|---|---|---|
 * | `tsw/devices/{name}/presence` | device, yes | `online`; `offline` as its last will | who went offline is asked whether it is there |
 * | `tsw/executions/{id}/desired` | orchestrator, yes | signed: epoch, device | a copy of an older epoch ends |
 * | `tsw/executions/{id}/actual` | device, yes | signed: its report | the orchestrator compares, as with a report by HTTP |
 * | `tsw/events/{source}` | everybody, no | signed: a line of the log | it is in the orchestrator's log |
 */
import type { Trust } from '../security/certificates';
import { type Identity, unverified, verified } from '../security/keys';
import { integer, name, number, oneOf, optional, type Reader, shape, text, withDefault } from './checked';
import { executionIdOf } from './deployment';
import { executionReport } from './reports';

/** Characters of a message: more is thrown away unread. */
export const MAX_MESSAGE = 16 * 1024;
/** Characters of a line of a log that goes over the bus. */
export const MAX_LINE = 4096;

export const TOPICS = {
  presence: (device: string) => `tsw/devices/${device}/presence`,
  desired: (execution: string) => `tsw/executions/${execution}/desired`,
  actual: (execution: string) => `tsw/executions/${execution}/actual`,
  events: (source: string) => `tsw/events/${source}`,
} as const;
export type TopicKind = keyof typeof TOPICS;

/** What a topic is, and whom it is about; undefined when it is none of these. */
export function readTopic(topic: string): { readonly kind: TopicKind; readonly about: string } | undefined {
  const about = topic.split('/').at(topic.startsWith('tsw/events/') ? -1 : -2);
  if (about === undefined || !/^[A-Za-z0-9_.~-]{1,201}$/.test(about)) return undefined;
  const kind = (Object.keys(TOPICS) as TopicKind[]).find((one) => TOPICS[one](about) === topic);
  return kind && { kind, about };
}

export interface Message {
  readonly topic: string;
  readonly text: string;
}

/** Where a broker is, and how one is let in. */
export const busAccess = shape({
  url: optional(text(1024)),
  username: optional(text(200)),
  password: optional(text(200)),
});
export type BusAccess = ReturnType<typeof busAccess>;

export interface Bus {
  readonly isConnected: boolean;
  /** Sends, if there is a broker now. A retained message is told to whoever comes later, too; an empty one takes it back. */
  publish(topic: string, text: string, retain: boolean): void;
  close(): Promise<void>;
}

export interface BusOptions {
  /** Names the connection. */
  readonly name: string;
  /** Asked before each attempt: without a URL, there is no bus for now. */
  readonly access: () => Promise<BusAccess>;
  /** What the broker says when the connection is lost. */
  readonly will?: Message;
  readonly topics: readonly string[];
  /** Called whenever the connection is made: what is retained is told again, for a broker that has forgotten it. */
  readonly onConnect: () => void;
  readonly onMessage: (message: Message) => void;
  readonly log: (text: string) => void;
}
export type ConnectBus = (options: BusOptions) => Bus;

const desired = shape({
  execution: executionIdOf,
  epoch: integer(0),
  /** None while it waits for one. */
  device: optional(name),
  wanted: withDefault(oneOf('running', 'removed'), 'running'),
});
export type Desired = ReturnType<typeof desired>;

const actual = shape({ certificate: text(8192), report: executionReport });
const event = shape({
  certificate: text(8192),
  /** Counts once. */
  once: text(64),
  /** Milliseconds since 1970, on the clock of the source. */
  time: number(0, 1e15),
  text: text(MAX_LINE),
  execution: optional(text(201)),
  device: optional(text(100)),
});
export type BusEvent = Omit<ReturnType<typeof event>, 'certificate'>;

export function signDesired(authority: Identity, told: Desired): Promise<string> {
  return authority.sign('desired', told);
}
export function readDesired(jws: string, { authority }: Trust): Promise<Desired> {
  return verified(jws, 'desired', authority, desired as Reader<Desired>);
}

export function signActual(device: Identity, report: ReturnType<typeof executionReport>): Promise<string> {
  return device.sign('actual', { certificate: device.certificate, report });
}
export function signEvent(source: Identity, told: BusEvent): Promise<string> {
  return source.sign('event', { certificate: source.certificate, ...told });
}

/** What a member has signed, and its name. */
async function fromMember<T extends { readonly certificate: string }>(
  jws: string,
  kind: string,
  trust: Trust,
  reader: Reader<T>,
): Promise<T & { readonly source: string }> {
  const { certificate } = unverified(jws, kind, reader);
  const member = await trust.check(certificate);
  return { ...(await verified(jws, kind, member.signing, reader)), source: member.name };
}
export function readActual(jws: string, trust: Trust) {
  return fromMember(jws, 'actual', trust, actual as Reader<ReturnType<typeof actual>>);
}
export function readEvent(jws: string, trust: Trust) {
  return fromMember(jws, 'event', trust, event as Reader<ReturnType<typeof event>>);
}
