/** Commands that sign modules on this machine, and the keys of those who may. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newKeyPair, Signers, signModule } from '../security/module-signatures';
import { UsageError } from './options';

export interface SigningOptions {
  readonly key?: string;
  readonly out?: string;
}

interface LocalCommand {
  readonly usage: string;
  readonly what: string;
  readonly run: (operand: string, options: SigningOptions) => Promise<string>;
}

export const SIGNING: Readonly<Record<string, LocalCommand>> = {
  signer: {
    usage: 'signer NAME',
    what: 'makes the keys of somebody who signs modules: NAME.key stays with him, NAME.pub goes to --signers',
    async run(name) {
      const { pair, publicKey } = await newKeyPair();
      await writeFile(`${name}.key`, pair, { mode: 0o600, flag: 'wx' });
      await writeFile(`${name}.pub`, publicKey);
      return `${name}.key ${name}.pub`;
    },
  },
  sign: {
    usage: 'sign FILE --key NAME.key [--out FILE]',
    what: "signs a module, as tool-conventions' signatures are",
    async run(file, { key, out = file }) {
      if (key === undefined) throw new UsageError('sign needs a --key');
      await writeFile(out, await signModule(await readFile(file), await readFile(key)));
      return out;
    },
  },
};

/** `--signers alice.pub,bob.pub`. */
export async function signersIn(files: string | undefined): Promise<Signers | undefined> {
  if (files === undefined) return undefined;
  const keys = new Map<string, Uint8Array>();
  for (const file of files.split(',')) keys.set(path.basename(file, '.pub'), await readFile(file));
  return Signers.of(keys);
}
