/**
 * Zones: what may run where. As soon as a card says of a zone what is allowed in it, a device needs a zone, an execution a risk level (its own or its
 * modules'), and the zone has to allow all of them. Each decision is a document that the orchestrator signs.
 */
import { flag, integer, list, oneOf, optional, type Reader, shape, text } from '../protocol/checked';
import { type AttestationKind, attestation, type ExecutionSpec, executionIdOf } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Identity } from '../security/keys';
import type { Database } from '../store/database';
import { CardIndex } from './card-index';
import { type Card, cards } from './cards';

export interface Judgement {
  /** Of the device; none: no card says so. */
  readonly zone: string | undefined;
  /** What has to be allowed. */
  readonly levels: readonly string[];
  /** Why it may not be there; none: it may. */
  readonly reasons: readonly string[];
}

export const decision = shape({
  execution: executionIdOf,
  epoch: integer(0),
  device: text(100),
  zone: optional(text(200)),
  levels: list(text(200)),
  allowed: flag,
  reasons: list(text(1024)),
});
export type Decision = ReturnType<typeof decision>;

/** Certificates of an execution that are kept: its newest decisions. */
const MAX_CERTIFICATES = 20;

const text200 = text(200);
const stored: Reader<Card> = (value, place) => {
  const { kind } = shape({ kind: oneOf('zone', 'node', 'module', 'source') })(value, place);
  const fields = {
    zone: shape({ name: text200, allowed: list(text200), attest: optional(attestation) }),
    node: shape({ name: text200, title: text200, zone: text200 }),
    module: shape({ name: text200, risk: text200, input: optional(text200), output: optional(text200) }),
    source: shape({ name: text(500), type: text200, device: text200, risk: text200 }),
  };
  return { kind, ...fields[kind](value, place) } as Card;
};
const storedCertificates = list(shape({ decision, certificate: text(16_384) }), MAX_CERTIFICATES);

export class Zones {
  private readonly cards = new Map<string, Card>();
  /** Of the cards, until they change. */
  private known: CardIndex | undefined;

  constructor(
    private readonly database: Database,
    private readonly identity: Identity,
  ) {}

  async open(): Promise<void> {
    for (const { key, value } of await this.database.list('card/')) {
      const card = stored(value, key);
      this.cards.set(`${card.kind}/${card.name}`, card);
    }
  }

  /** Takes the cards of an ODRL document; one of the same kind and name takes the place of an earlier one. */
  async add(value: unknown): Promise<readonly Card[]> {
    const read = cards(value, 'cards');
    for (const card of read) {
      const key = `${card.kind}/${card.name}`;
      await this.database.put(`card/${key}`, card);
      this.cards.set(key, card);
      this.known = undefined;
    }
    return read;
  }

  async remove(kind: string, name: string): Promise<void> {
    const key = `${kind}/${name}`;
    if (!this.cards.delete(key)) throw new FleetError('not-found', `no card ${key}`);
    this.known = undefined;
    await this.database.remove(`card/${key}`);
  }

  list(): Card[] {
    return [...this.cards.values()];
  }
  private get index(): CardIndex {
    this.known ??= new CardIndex(this.cards.values());
    return this.known;
  }

  get active(): boolean {
    return this.index.hasZones;
  }

  judge(spec: ExecutionSpec, device: string): Judgement {
    if (!this.active) return { zone: undefined, levels: [], reasons: [] };
    const node = this.index.node(device);
    const { levels, unknown } = this.levelsOf(spec, node?.name ?? device, device);
    const reasons = [...unknown];
    if (node === undefined)
      return { zone: undefined, levels, reasons: [...reasons, `no card says in which zone ${device} is`] };
    const allowed = this.index.zone(node.zone)?.allowed ?? [];
    for (const level of levels)
      if (!allowed.includes(level)) reasons.push(`zone ${node.zone} does not allow the risk level ${level}`);
    return { zone: node.zone, levels, reasons };
  }

  /** What the device's zone asks it to say of itself. */
  attestationIn(device: string): AttestationKind | undefined {
    const node = this.index.node(device);
    return node && this.index.zone(node.zone)?.attest;
  }

  private levelsOf({ modules, risk }: ExecutionSpec, node: string, device: string) {
    const levels = new Set<string>();
    const unknown: string[] = [];
    if (risk !== undefined) levels.add(risk);
    for (const { name, digest } of modules) {
      const card = this.index.module(name, digest);
      if (card === undefined) {
        if (risk === undefined) unknown.push(`no card says how risky module ${name} is`);
        continue;
      }
      levels.add(card.risk);
      if (card.output !== undefined && card.output !== 'inherit') levels.add(card.output);
      // What another module has written has been looked at there.
      if (card.input === undefined || card.input === 'temp') continue;
      const source = this.index.source(card.input, node, device);
      if (source === undefined) unknown.push(`no card says how risky ${card.input} of ${device} is`);
      else levels.add(source.risk);
    }
    return { levels: [...levels], unknown };
  }

  /** Signs what has been decided, and keeps it. */
  async certify(execution: string, epoch: number, device: string, judgement: Judgement): Promise<void> {
    if (!this.active) return;
    const { zone, levels, reasons } = judgement;
    const told: Decision = {
      execution,
      epoch,
      device,
      ...(zone === undefined ? {} : { zone }),
      levels,
      allowed: reasons.length === 0,
      reasons,
    };
    const certificate = await this.identity.sign('decision', told);
    const before = await this.certificates(execution);
    const same = before.some((one) => JSON.stringify(one.decision) === JSON.stringify(told));
    if (same) return;
    const kept = [...before, { decision: told, certificate }].slice(-MAX_CERTIFICATES);
    await this.database.put(`certificate/${execution}`, kept);
  }

  /** The newest last. */
  async certificates(execution: string): Promise<ReturnType<typeof storedCertificates>> {
    const entry = await this.database.get(`certificate/${execution}`);
    return entry === undefined ? [] : storedCertificates(entry.value, 'certificates');
  }
}
