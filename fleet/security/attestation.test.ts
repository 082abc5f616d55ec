import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../store/files';
import { Appraiser, type Measured, testify } from './attestation';
import { issue, Trust } from './certificates';
import { type Identity, identityIn } from './keys';

async function member(authority: Identity, name: string): Promise<Identity> {
  const identity = await identityIn(new MemoryFiles());
  const { signing, sealing } = identity;
  identity.certificate = await issue(authority, { name, role: 'agent', signing, sealing, serial: 1 });
  return identity;
}

const KNOWN = 'a'.repeat(64);
const measured: Measured = { runtime: KNOWN, engine: 'node', features: ['sys'] };
const about = { execution: 'd~e', epoch: 2, spec: 'b'.repeat(64), state: 'c'.repeat(64) };

async function setUp() {
  const authority = await identityIn(new MemoryFiles());
  const trust = new Trust(authority.signing);
  const ash = await member(authority, 'ash');
  return { authority, trust, ash, appraiser: new Appraiser(trust, new Set([KNOWN])) };
}

describe('evidence', () => {
  it('is taken of a known runtime, for the question that was asked, once', async () => {
    const { appraiser, ash } = await setUp();
    const question = appraiser.ask(about);
    const told = await testify(ash, measured, question);
    expect(await appraiser.judge(told, question, 'ash')).toMatchObject({ ...measured, ...question });
    await expect(appraiser.judge(told, question, 'ash')).rejects.toThrow('question that has been answered');
  });

  it('of before is none for a question of now', async () => {
    const { appraiser, ash } = await setUp();
    const before = appraiser.ask(about);
    const told = await testify(ash, measured, before);
    await expect(appraiser.judge(told, appraiser.ask(about), 'ash')).rejects.toThrow('evidence is for nonce');
  });

  it('for another execution, epoch, specification or state is none', async () => {
    const { appraiser, ash } = await setUp();
    const others = { execution: 'd~f', epoch: 3, spec: 'd'.repeat(64), state: 'd'.repeat(64) };
    for (const [field, other] of Object.entries(others)) {
      const question = appraiser.ask(about);
      const told = await testify(ash, measured, { ...question, [field]: other });
      await expect(appraiser.judge(told, question, 'ash')).rejects.toThrow(`evidence is for ${field}`);
    }
  });

  it('of another runtime is refused', async () => {
    const { appraiser, ash } = await setUp();
    const question = appraiser.ask(about);
    const told = await testify(ash, { ...measured, runtime: 'e'.repeat(64) }, question);
    await expect(appraiser.judge(told, question, 'ash')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching('which is no known runtime'),
    });
  });

  it('by a key that is unknown, revoked, or of another device is refused', async () => {
    const { appraiser, ash, authority, trust } = await setUp();
    const question = () => appraiser.ask(about);
    const stranger = await member(await identityIn(new MemoryFiles()), 'ash');
    let asked = question();
    const strange = await testify(stranger, measured, asked);
    await expect(appraiser.judge(strange, asked, 'ash')).rejects.toMatchObject({ code: 'unauthorized' });
    asked = question();
    const birch = await testify(await member(authority, 'birch'), measured, asked);
    await expect(appraiser.judge(birch, asked, 'ash')).rejects.toThrow('the evidence is of birch');
    // The certificate of ash does not make the key of another one its own.
    asked = question();
    stranger.certificate = ash.certificate;
    const borrowed = await testify(stranger, measured, asked);
    await expect(appraiser.judge(borrowed, asked, 'ash')).rejects.toMatchObject({ code: 'unauthorized' });
    asked = question();
    const told = await testify(ash, measured, asked);
    trust.revoke([ash.fingerprint]);
    await expect(appraiser.judge(told, asked, 'ash')).rejects.toThrow('has been revoked');
  });

  it('that is changed anywhere is refused', async () => {
    const { appraiser, ash } = await setUp();
    const told = await testify(ash, measured, appraiser.ask(about));
    for (let at = 0; at < told.length - 2; at += 29) {
      const question = appraiser.ask(about);
      const changed = `${told.slice(0, at)}${told[at] === 'A' ? 'B' : 'A'}${told.slice(at + 1)}`;
      await expect(appraiser.judge(changed, question, 'ash')).rejects.toHaveProperty('code');
    }
  });
});
