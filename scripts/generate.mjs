// Writes src/interpreter/*.generated.ts from the template table. Quick, so it runs before every build and test.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const generator = 'src/interpreter/templates/generate.ts';
if (existsSync(path.join(root, generator))) {
  const { status } = spawnSync(process.execPath, ['scripts/run-ts.mjs', generator], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
