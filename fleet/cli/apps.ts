/** What members serve, whole: who is let in, and the routes behind that. A fleet in one process (testing/fleet.ts) serves the same. */
import type { Hono, MiddlewareHandler } from 'hono';
import type { Agent } from '../agent/agent';
import { agentMetrics } from '../agent/metrics';
import { agentRoutes, fleetApp } from '../agent/routes';
import { busRoutes, type OrchestratorBus } from '../orchestrator/bus';
import { orchestratorMetrics } from '../orchestrator/metrics';
import { ociRoutes } from '../orchestrator/oci';
import type { Orchestrator } from '../orchestrator/orchestrator';
import type { Relay } from '../orchestrator/relay';
import { relayRoutes, viaRoutes } from '../orchestrator/relay-routes';
import { orchestratorRoutes } from '../orchestrator/routes';
import { pageRoutes } from '../page/routes';
import type { Transport } from '../protocol/client';
import { metricsRoutes } from '../protocol/metrics';
import type { Registrar } from '../security/enrolment';
import { gate, type Sessions } from '../security/gate';
import type { Receiver } from '../security/requests';
import { enrolmentRoutes, memberRoutes } from '../security/routes';
import { type EventLog, eventRoutes } from './events';
import { BASE } from './members';

/** `who`: the gate, which `--compat` leaves open. */
export function agentApp(agent: Agent, who: MiddlewareHandler): Hono {
  const app = fleetApp();
  app.use(`${BASE}/*`, who);
  app.route(BASE, agentRoutes(agent));
  app.use('/metrics', who);
  app.route(
    '/',
    metricsRoutes(() => agentMetrics(agent)),
  );
  return app;
}

export interface OrchestratorAppParts {
  readonly orchestrator: Orchestrator;
  readonly registrar: Registrar;
  readonly receiver: Receiver;
  readonly sessions: Sessions;
  readonly relay: Relay;
  /** As others reach it. */
  readonly url: () => string;
  /** Sends what others have signed. */
  readonly wire: Transport;
  /** Where the build puts the scripts of its pages. */
  readonly scripts: URL;
  readonly events: EventLog;
  readonly bus: () => OrchestratorBus | undefined;
}

export function orchestratorApp(parts: OrchestratorAppParts): Hono {
  const { orchestrator, registrar, receiver, sessions, relay, url, wire, scripts, events, bus } = parts;
  const { devices, modules, blobs } = orchestrator;
  const who = gate(() => receiver, sessions);
  const app = fleetApp();
  app.route(BASE, enrolmentRoutes(registrar, sessions));
  app.use(`${BASE}/*`, who);
  app.use('/metrics', who);
  app.route(
    '/',
    metricsRoutes(() => orchestratorMetrics(orchestrator, bus()?.status())),
  );
  app.route(BASE, memberRoutes(registrar, sessions));
  app.route('/', pageRoutes(scripts));
  app.route(BASE, orchestratorRoutes(orchestrator));
  app.route('/', viaRoutes(relay, receiver));
  app.route(BASE, relayRoutes({ relay, devices, url, wire }));
  app.route('/', ociRoutes(modules, blobs, sessions));
  app.route(BASE, eventRoutes(events));
  app.route(BASE, busRoutes(bus));
  return app;
}
