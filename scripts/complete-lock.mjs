// Adds to package-lock.json the optional packages of other platforms that npm left out. npm leaves out what the registry it asks
// does not have, and then `npm ci` calls the lock file out of step. Run it after `npm install`: npm run lock
import { readFileSync, writeFileSync } from 'node:fs';

const OS = /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)$/;
const CPU = /^(arm|arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)$/;

/** What a package for one platform says about it, from its name: `@rollup/rollup-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.find((w) => OS.test(w));
  const cpu = words.find((w) => CPU.test(w));
  if (!os || !cpu) return undefined;
  const libc = words.some((w) => w.startsWith('musl'))
    ? 'musl'
    : words.some((w) => /^gnu/.test(w))
      ? 'glibc'
      : undefined;
  return { os: [os], cpu: [cpu], ...(libc && os === 'linux' && { libc: [libc] }) };
}

/** The entries that are missing from the lock file's `packages`, by path. */
export function missingEntries(packages) {
  const missing = {};
  for (const { optionalDependencies = {}, engines } of Object.values(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (packages[path] || !platform || !/^\d+\.\d+\.\d+$/.test(version)) continue;
      missing[path] = { version, ...platform, dev: true, ...(engines && { engines }), optional: true };
    }
  }
  return missing;
}

if (process.argv[1]?.endsWith('complete-lock.mjs')) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const missing = missingEntries(lock.packages);
  const entries = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(entries);
  writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(`package-lock.json: ${Object.keys(missing).length} optional packages added`);
}
