/** The pages' files. They hold nothing that anybody may not see; what the pages ask for needs a session or a key. */
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { FleetError } from '../protocol/errors';
import { AGENT_PAGE, PAGE } from './html';

/** Nothing from elsewhere, and in no frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";
const PAGES = { '/': PAGE, '/agent': AGENT_PAGE };
const SCRIPTS = ['page.js', 'agent.js', 'agent-worker.js'];

/** `folder`: where the build puts scripts. */
export function pageRoutes(folder: URL): Hono {
  const app = new Hono();
  for (const [path, page] of Object.entries(PAGES))
    app.get(path, (c) => c.html(page, 200, { 'content-security-policy': POLICY }));
  for (const script of SCRIPTS)
    app.get(`/${script}`, async (c) => {
      const headers = { 'content-type': 'text/javascript', 'content-security-policy': POLICY };
      try {
        return c.body(await readFile(new URL(script, folder), 'utf8'), 200, headers);
      } catch {
        throw new FleetError('not-found', 'the page has not been built: node fleet/build.mjs');
      }
    });
  return app;
}
