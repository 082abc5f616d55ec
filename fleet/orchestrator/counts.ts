/** What has happened since the start. */
export class Counts {
  reports = 0;
  placements = 0;
  failedPlacements = 0;
  moves = 0;
  failedMoves = 0;
  calls = 0;
  /** Milliseconds for which executions stood still in moves. */
  pauses = 0;
}
