// Writes src/interpreter/*.generated.ts from the template table, and the parts of files compiled ahead of time. Quick, so it runs before every build and test.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
for (const generator of ['src/interpreter/templates/generate.ts', 'scripts/parts.ts']) {
  if (!existsSync(path.join(root, generator))) continue;
  const { status } = spawnSync(process.execPath, ['scripts/run-ts.mjs', generator], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
