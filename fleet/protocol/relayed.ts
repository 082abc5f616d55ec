/** Where a device is that nobody reaches by itself, and the bases of addresses. */
import { shape, text } from './checked';

const ROOT = '/liquid/v1';

/** The address of a member, of a request to it. */
export function baseOf(url: string): string {
  const at = url.indexOf(ROOT);
  return at < 0 ? new URL(url).origin : url.slice(0, at);
}

/** The path under which the orchestrator passes on what is for a device. */
export function viaPath(device: string): string {
  return `/via/${encodeURIComponent(device)}`;
}

/** What the orchestrator tells a device that comes to fetch. */
export const relayPlace = shape({
  /** The orchestrator, as it tells others of itself. */
  orchestrator: text(1024),
  /** The device, as others reach it. */
  url: text(1024),
});
export type RelayPlace = ReturnType<typeof relayPlace>;
