/** Which devices are there: one that has been silent for too long is asked, and is away when it does not answer either. */
import { silenceFor } from '../protocol/reports';
import { type Office, PROBE_TIMEOUT } from './office';

/** Milliseconds of a probe in which we may have been deaf; after more, its end says nothing. */
const MAX_DEAF = PROBE_TIMEOUT / 4;
/** Milliseconds between two probes that somebody else's word is the reason of. */
const SUSPICION = 500;

export class Health {
  private readonly probes = new Map<string, Promise<void>>();
  private readonly suspected = new Map<string, number>();

  constructor(private readonly office: Office) {}

  /** Asks all that are silent. */
  async check(): Promise<void> {
    const { devices, hearing } = this.office;
    const silence = silenceFor(devices.names().length);
    const silent = devices.names().filter((name) => {
      const { alive, seen } = devices.presence(name);
      return alive && hearing.now() - seen > silence;
    });
    await Promise.all(silent.map((name) => this.probe(name)));
  }

  /** A word that anybody may say, such as a broker: it costs one question now and then. */
  async suspect(name: string): Promise<void> {
    const { devices, hearing } = this.office;
    const before = this.suspected.get(name) ?? Number.NEGATIVE_INFINITY;
    if (!devices.isAlive(name) || hearing.now() - before < SUSPICION) return;
    this.suspected.set(name, hearing.now());
    await this.probe(name);
  }

  /** A device that does not answer is dead from then on. Who asks meanwhile hears the same. */
  probe(name: string): Promise<void> {
    const known = this.probes.get(name);
    if (known !== undefined) return known;
    const mine = this.ask(name).finally(() => this.probes.delete(name));
    this.probes.set(name, mine);
    return mine;
  }

  private async ask(name: string): Promise<void> {
    const { devices, hearing, options } = this.office;
    const presence = devices.presence(name);
    const { seen } = presence;
    const deaf = hearing.listen();
    try {
      const url = `${devices.url(name)}/liquid/v1/executions`;
      await options.client.send({ method: 'GET', url, timeout: PROBE_TIMEOUT });
      presence.seen = hearing.now();
    } catch {
      if (presence.seen !== seen || deaf() > MAX_DEAF) return;
      presence.alive = false;
      this.office.log('is away', { device: name });
    }
  }
}
