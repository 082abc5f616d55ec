/** `npm run docs:api`: the reference of every entry's API as pages, in docs/api, which git does not keep. */
import path from 'node:path';
import { Application, Converter, type TypeDocOptions } from 'typedoc';
import { ENTRIES } from './laws/api.ts';
import { root } from './laws/files.ts';
import { optionsOf } from './options.ts';

optionsOf(import.meta.url, {});

const OUT = path.join(root, 'docs', 'api');

const options: TypeDocOptions = {
  name: 'tswasm',
  entryPoints: Object.values(ENTRIES).map((file) => path.join(root, file)),
  tsconfig: path.join(root, 'tsconfig.json'),
  // Checked by `npm run types`.
  skipErrorChecking: true,
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  // The sources are not published anywhere that we know of.
  disableSources: true,
  validation: { notDocumented: false, notExported: false, invalidLink: true },
  githubPages: false,
  logLevel: 'Warn',
};

const app = await Application.bootstrap(options);
// Pages are called what users import, not what our files are called.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.children ?? []) {
    const found = Object.entries(ENTRIES).find(([, file]) => nameOf(file) === module.name);
    if (found !== undefined) module.name = found[0];
  }
});

/** What typedoc calls the module of a file. */
function nameOf(file: string): string {
  return path.relative('src', file).replace(/\/index\.ts$|\.ts$/, '');
}

const project = await app.convert();
if (project === undefined) throw new Error('typedoc could not read the sources');
await app.generateDocs(project, OUT);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
console.log(`the API reference is in ${path.relative('', path.join(OUT, 'index.html'))}`);
for (const module of project.children ?? [])
  console.log(`  ${module.name}: ${module.children?.length ?? 0} names`);
