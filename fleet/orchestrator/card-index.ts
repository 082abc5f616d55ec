/** Cards by what they are looked for by: a judgement takes as long in a fleet of ten thousand devices, each with its card, as in one of ten. */
import type { Card } from './cards';

type Of<K extends Card['kind']> = Extract<Card, { kind: K }>;

export class CardIndex {
  private readonly zones = new Map<string, Of<'zone'>>();
  /** Devices by name and by title. */
  private readonly nodes = new Map<string, Of<'node'>>();
  private readonly modules = new Map<string, Of<'module'>>();
  private readonly sources = new Map<string, Of<'source'>>();

  /** Of several that are found by the same word, the first one counts. */
  constructor(cards: Iterable<Card>) {
    for (const card of cards) {
      switch (card.kind) {
        case 'zone':
          note(this.zones, card.name, card);
          break;
        case 'node':
          note(this.nodes, card.name, card);
          note(this.nodes, card.title, card);
          break;
        case 'module':
          note(this.modules, card.name, card);
          break;
        case 'source':
          note(this.sources, sourceKey(card.type, card.device), card);
      }
    }
  }

  get hasZones(): boolean {
    return this.zones.size > 0;
  }
  zone(name: string): Of<'zone'> | undefined {
    return this.zones.get(name);
  }
  node(device: string): Of<'node'> | undefined {
    return this.nodes.get(device);
  }
  module(name: string, digest: string): Of<'module'> | undefined {
    return this.modules.get(name) ?? this.modules.get(digest);
  }
  source(type: string, node: string, device: string): Of<'source'> | undefined {
    return this.sources.get(sourceKey(type, node)) ?? this.sources.get(sourceKey(type, device));
  }
}

function note<T>(known: Map<string, T>, key: string, card: T): void {
  if (!known.has(key)) known.set(key, card);
}
function sourceKey(type: string, device: string): string {
  return JSON.stringify([type, device]);
}
