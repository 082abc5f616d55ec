/** Routes by which members come and go. Two of them are for those whom nobody knows yet: they hold a word that counts once. */
import { Hono } from 'hono';
import { readDocument } from '../protocol/body';
import { name, oneOf, shape, text } from '../protocol/checked';
import { type Registrar, readEnrolRequest } from './enrolment';
import { callerOf, only, type Sessions } from './gate';
import { renewalRequest } from './renewal';

const sessionRequest = shape({ word: text(64) });
const tokenRequest = shape({ role: oneOf('agent', 'operator') });

/** Bytes of what somebody may say whom nobody knows: two keys, a name and a proof. */
const MAX_STRANGER_BYTES = 16 * 1024;

/** Before the gate. */
export function enrolmentRoutes(registrar: Registrar, sessions: Sessions): Hono {
  const app = new Hono();
  app.post('/enrol', async (c) => {
    const request = await readDocument(c, readEnrolRequest, 'enrolment', MAX_STRANGER_BYTES);
    return c.json(await registrar.enrol(request), 201);
  });
  app.post('/session', async (c) => {
    const { word } = await readDocument(c, sessionRequest, 'session', MAX_STRANGER_BYTES);
    return c.json({ token: sessions.open(word) }, 201);
  });
  return app;
}

/** Behind it. */
export function memberRoutes(registrar: Registrar, sessions: Sessions): Hono {
  const app = new Hono();
  app.post('/invitations', only('operator'), (c) => c.json({ word: sessions.invite(callerOf(c)) }, 201));
  app.post('/renewal', only('agent'), async (c) => {
    const request = await readDocument(c, renewalRequest, 'renewal', MAX_STRANGER_BYTES);
    return c.json(await registrar.renew(callerOf(c), request), 201);
  });
  app.post('/tokens', only('operator'), async (c) => {
    const { role } = await readDocument(c, tokenRequest, 'token');
    return c.json({ token: await registrar.token(role) }, 201);
  });
  app.delete('/members/:name', only('operator'), async (c) => {
    await registrar.revoke(name(c.req.param('name'), 'name'));
    return c.body(null, 204);
  });
  return app;
}
