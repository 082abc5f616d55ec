/** What the orchestrator counts. */
import { counted, type Metric } from '../protocol/metrics';
import type { BusStatus } from '../protocol/status';
import type { Orchestrator } from './orchestrator';
import { stateOf } from './states';

const DEVICE_STATES = ['alive', 'draining', 'away'];
const EXECUTION_STATES = ['running', 'paused', 'waiting', 'moving', 'held', 'failed', 'unknown'];

export function orchestratorMetrics(
  orchestrator: Orchestrator,
  bus: BusStatus | undefined,
): readonly Metric[] {
  const { devices, counts } = orchestrator;
  const total = (name: string, help: string, value: number): Metric => ({
    name: `${name}_total`,
    help,
    samples: [{ value }],
  });
  return [
    {
      name: 'devices',
      help: 'Devices that are known.',
      samples: counted(
        'state',
        DEVICE_STATES,
        devices.names().map((name) => {
          if (!devices.isAlive(name)) return 'away';
          return devices.record(name).draining ? 'draining' : 'alive';
        }),
      ),
    },
    {
      name: 'executions',
      help: 'Executions that are wanted.',
      samples: counted(
        'state',
        EXECUTION_STATES,
        orchestrator.list().map((record) => stateOf(orchestrator, record)),
      ),
    },
    total('reports', 'Reports of devices.', counts.reports),
    total('calls', 'Calls that were passed on.', counts.calls),
    total('placements', 'Executions that were brought onto a device.', counts.placements),
    total('failed_placements', 'Placements that did not work.', counts.failedPlacements),
    total('moves', 'Moves that have ended.', counts.moves),
    total('failed_moves', 'Moves that did not work.', counts.failedMoves),
    total('move_pause_seconds', 'Time for which executions stood still in moves.', counts.pauses / 1000),
    {
      name: 'bus_connected',
      help: 'Whether the bus is there.',
      samples: [{ value: bus?.connected ? 1 : 0 }],
    },
    total('bus_refused', 'Messages on the bus that were not what they should be.', bus?.refused ?? 0),
  ];
}
