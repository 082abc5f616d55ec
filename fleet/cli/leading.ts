/**
 * Several orchestrators on one store: one leads, the others stand by. Who leads says so in the store every half second. For two seconds after it has
 * said so it answers; when nobody has said so for two and a half, another one takes the lead, with what is in the store.
 */
import { type Clock, sleep } from '../agent/world';
import { shape, text } from '../protocol/checked';
import type { NatsStore } from '../store/nats';
import { keyOfNats, LEADER, NatsDatabase, natsKey } from '../store/nats-database';

const RENEW = 500;
const LOOK = 250;
/** Milliseconds after its last word in which a leader answers. */
const LEAD = 2_000;
/** Milliseconds without a word after which another one takes the lead: longer than that, so that two never answer at a time. */
const TAKE_OVER = 2_500;

export const leaderRecord = shape({ url: text(1024), authority: text(64) });
export type Leader = ReturnType<typeof leaderRecord>;

interface Part {
  close(): Promise<void>;
}

export interface LeadingOptions<T extends Part> {
  readonly clock: Clock;
  /** Settles once the store is there. */
  readonly store: Promise<NatsStore>;
  readonly me: () => Leader;
  /** What a leader serves with. */
  readonly open: (store: NatsStore, database: NatsDatabase) => Promise<T>;
  readonly log: (text: string) => void;
}

export class Leading<T extends Part> {
  private database: NatsDatabase | undefined;
  private part: T | undefined;
  private spoken = Number.NEGATIVE_INFINITY;
  /** The last word of another one, and when it was new here. */
  private heard: { readonly revision: number; readonly since: number } | undefined;
  private other: string | undefined;
  private said = '';
  private stopped = false;
  private ended: Promise<void> | undefined;

  constructor(private readonly options: LeadingOptions<T>) {}

  start(): void {
    this.ended = this.run();
  }

  /** What it serves with, as long as it leads. */
  get current(): T | undefined {
    return this.options.clock.now() - this.spoken < LEAD ? this.part : undefined;
  }

  /** For who asks one that does not lead. */
  get whoLeads(): string {
    return this.other === undefined
      ? 'no orchestrator leads now: try again'
      : `this orchestrator stands by; ${this.other} leads, or has led`;
  }

  /** Another one need not wait. */
  async close(): Promise<void> {
    this.stopped = true;
    await this.part?.close();
    await this.database?.remove(LEADER).catch(() => undefined);
    this.database?.leave('it ends');
    // A store that has never been there is not waited for.
    const store = await Promise.race([this.options.store, sleep(this.options.clock, 0)]).catch(
      () => undefined,
    );
    await store?.close();
    if (store !== undefined) await this.ended;
  }

  private async run(): Promise<void> {
    const { clock } = this.options;
    const store = await this.options.store;
    while (!this.stopped) {
      try {
        if (this.database === undefined) await this.standBy(store);
        else await this.speak(this.database);
      } catch (error) {
        if (!this.stopped) this.say((error as Error).message);
      }
      await sleep(clock, this.database === undefined ? LOOK : RENEW);
    }
  }

  private async speak(database: NatsDatabase): Promise<void> {
    const sent = this.options.clock.now();
    await database.put(LEADER, this.options.me());
    this.spoken = sent;
  }

  private async standBy(store: NatsStore): Promise<void> {
    const { clock, me } = this.options;
    const entry = await store.entries.get(natsKey(LEADER));
    const revision = entry === null || entry.operation !== 'PUT' ? 0 : entry.revision;
    if (entry !== null && revision !== 0) {
      const { url } = leaderRecord(entry.json(), keyOfNats(entry.key));
      // Its own address: this one has led before it was started again, or another one has the same address by mistake.
      const isOther = url !== me().url;
      this.say(
        isOther ? `stands by: ${url} leads` : `waits: the last one to lead did so from here, at ${url}`,
      );
      this.other = isOther ? url : undefined;
    }
    if (revision !== this.heard?.revision) this.heard = { revision, since: clock.now() };
    if (revision !== 0 && clock.now() - this.heard.since < TAKE_OVER) return;
    const authority = await store.entries.get(natsKey(AUTHORITY));
    const known = authority?.operation === 'PUT' ? authority.json<string>() : undefined;
    if (known !== undefined && known !== me().authority)
      return this.say(
        `cannot lead: the fleet in ${store.name} has other keys. Bring identity.json and operator.json of its first orchestrator's folder into this one's`,
      );
    await this.lead(store);
  }

  private async lead(store: NatsStore): Promise<void> {
    const { clock, me, open } = this.options;
    const sent = clock.now();
    const database = await NatsDatabase.lead(store, me());
    this.heard = undefined;
    if (database === undefined || this.stopped) return;
    database.onLost = (reason) => this.lose(reason);
    let part: T;
    try {
      await database.put(AUTHORITY, me().authority);
      part = await open(store, database);
    } catch (error) {
      database.leave('it could not begin');
      throw error;
    }
    // Another one has led since, before this one had begun.
    if (database.isLost) return part.close();
    this.spoken = sent;
    this.part = part;
    this.database = database;
    this.other = undefined;
    this.say(`leads, with what is in ${store.name}`);
    await this.speak(database);
  }

  private lose(reason: string): void {
    const part = this.part;
    this.database = undefined;
    this.part = undefined;
    this.heard = undefined;
    if (this.stopped) return;
    this.say(`leads no longer: ${reason}`);
    void part?.close();
  }

  /** Once, until there is something else to say. */
  private say(text: string): void {
    if (text !== this.said) this.options.log(text);
    this.said = text;
  }
}

/** The key with the fingerprint of the keys by which the fleet's members know their orchestrator. */
const AUTHORITY = 'authority';
