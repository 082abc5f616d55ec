/** The page's files. They hold nothing that anybody may not see; what the page asks for needs a session. */
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { FleetError } from '../protocol/errors';
import { PAGE } from './html';

/** Nothing from elsewhere, and in no frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";

/** `script`: the built file of main.ts. */
export function pageRoutes(script: URL): Hono {
  const app = new Hono();
  app.get('/', (c) => c.html(PAGE, 200, { 'content-security-policy': POLICY }));
  app.get('/page.js', async (c) => {
    try {
      return c.body(await readFile(script, 'utf8'), 200, { 'content-type': 'text/javascript' });
    } catch {
      throw new FleetError('not-found', 'the page has not been built: node fleet/build.mjs');
    }
  });
  return app;
}
