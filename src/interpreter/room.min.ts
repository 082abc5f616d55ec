/** For `room.ts` in QuickJS, where a call takes some hundred bytes of the host's stack and nobody puts it into its caller. */

export function hasRoom(): boolean {
  try {
    needRoom(16);
    return true;
  } catch {
    return false;
  }
}

function needRoom(calls: number): void {
  if (calls > 0) needRoom(calls - 1);
}
