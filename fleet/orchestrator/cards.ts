/** The papers' cards, which are ODRL documents: what they say of zones, devices, modules and sources of data. */
import { list, optional, type Reader, shape, text, wrong } from '../protocol/checked';
import { type AttestationKind, attestation, stronger } from '../protocol/deployment';

export type Card =
  /** What may happen in a zone, and what its devices have to say of themselves first. */
  | {
      readonly kind: 'zone';
      readonly name: string;
      readonly allowed: readonly string[];
      readonly attest?: AttestationKind;
    }
  /** The zone that a device is in. */
  | { readonly kind: 'node'; readonly name: string; readonly title: string; readonly zone: string }
  /** How risky a module is, what it reads, and how risky what it gives is: `inherit` as risky as what it has read. */
  | {
      readonly kind: 'module';
      readonly name: string;
      readonly risk: string;
      readonly input?: string;
      readonly output?: string;
    }
  /** How risky data of a type is that a device has. */
  | {
      readonly kind: 'source';
      readonly name: string;
      readonly type: string;
      readonly device: string;
      readonly risk: string;
    };

const word = text(200);
const words: Reader<readonly string[]> = (value, place) =>
  Array.isArray(value) ? list(word, 1000)(value, place) : [word(value, place)];
const permissions = list(
  shape({
    target: word,
    constraint: list(shape({ leftOperand: word, rightOperand: words }), 100),
  }),
  1000,
);
const assets = list(
  shape({
    title: optional(word),
    uid: optional(word),
    relation: list(shape({ type: word, value: word }), 100),
  }),
  1000,
);
const document = shape({ permission: optional(permissions), asset: optional(assets) });
type Permission = ReturnType<typeof permissions>[number];
type Asset = ReturnType<typeof assets>[number];

/** The cards of a document. A kind of card is known by what it says. */
export const cards: Reader<readonly Card[]> = (value, place) => {
  const { permission = [], asset = [] } = document(value, place);
  const zones = zoneCards(permission);
  const found = [...zones, ...(zones.length > 0 ? [] : permission.map((one) => moduleCard(one, place)))];
  found.push(...asset.map((one) => assetCard(one, place)));
  if (found.length === 0) wrong(place, 'a card: an ODRL document with "permission" or "asset"', value);
  return found;
};

function zoneCards(all: readonly Permission[]): Card[] {
  const zones = new Map<string, { allowed: string[]; attest?: AttestationKind | undefined }>();
  for (const { target, constraint } of all) {
    const asked = constraint
      .filter(({ leftOperand }) => leftOperand === 'attestation')
      .flatMap(({ rightOperand }) => rightOperand.map((one) => attestation(one, `attestation of ${target}`)));
    for (const { leftOperand, rightOperand } of constraint)
      if (leftOperand === 'zone')
        for (const name of rightOperand) {
          const { allowed, attest } = zones.get(name) ?? { allowed: [] };
          zones.set(name, { allowed: [...allowed, target], attest: asked.reduce(stronger, attest) });
        }
  }
  return [...zones].map(([name, { allowed, attest }]) => ({
    kind: 'zone',
    name,
    allowed,
    ...(attest && { attest }),
  }));
}

function moduleCard({ target, constraint }: Permission, place: string): Card {
  const said = (operand: string) =>
    constraint.find(({ leftOperand }) => leftOperand === operand)?.rightOperand[0];
  const risk = said('risk-level') ?? wrong(place, 'a constraint "zone" or "risk-level"', target);
  return { kind: 'module', name: target, risk, input: said('input-type'), output: said('output-risk') };
}

function assetCard({ title, uid, relation }: Asset, place: string): Card {
  const said = (type: string) => relation.find((one) => one.type === type)?.value;
  const [risk, zone] = [said('risk-level'), said('memberOf')];
  if (risk !== undefined) {
    const [type, device] = [said('type'), said('nodeid')];
    if (type === undefined || device === undefined)
      return wrong(place, 'a source of data with the relations "type" and "nodeid"', title);
    return { kind: 'source', name: `${type} of ${device}`, type, device, risk };
  }
  const name = uid ?? title;
  if (zone === undefined || name === undefined)
    return wrong(place, 'an asset with a "uid" and the relation "memberOf", or "risk-level"', title);
  return { kind: 'node', name, title: title ?? name, zone };
}
