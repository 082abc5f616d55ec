/** Chemistry in C++ with exceptions (RDKit, Emscripten with wasm exceptions): molecules are read and drawn; wrong ones throw inside. */
import { createRequire } from 'node:module';

interface Molecule {
  get_smiles(): string;
  get_descriptors(): string;
  get_svg(): string;
  delete(): void;
}
interface Rdkit {
  version(): string;
  get_mol(text: string, options?: string): Molecule | null;
}

const MOLECULES = ['CC(=O)Oc1ccccc1C(=O)O', 'CN1C=NC2=C1C(=O)N(C(=O)N2C)C'];
/** An atom with too many bonds, a ring that cannot be aromatic, and no molecule at all. */
const WRONG = ['C(C)(C)(C)(C)C', 'c1cccc1', 'C((C)'];

export async function run(): Promise<unknown> {
  const init = createRequire(import.meta.url)('@rdkit/rdkit') as (options: object) => Promise<Rdkit>;
  const rdkit = await init({ print: () => {}, printErr: () => {} });
  const right = MOLECULES.map((text) => {
    const molecule = rdkit.get_mol(text)!;
    const shown = [molecule.get_smiles(), molecule.get_descriptors(), molecule.get_svg()];
    molecule.delete();
    return shown;
  });
  return { version: rdkit.version(), right, wrong: WRONG.map((text) => rdkit.get_mol(text)) };
}
