/** Requests from a page or a worker. */
import { DEFAULT_TIMEOUT, type Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';

export const fetchTransport: Transport = async ({ method, url, headers, body, timeout }) => {
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body as Uint8Array<ArrayBuffer> | undefined,
      signal: AbortSignal.timeout(Math.max(1, timeout ?? DEFAULT_TIMEOUT)),
      redirect: 'manual',
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FleetError('unavailable', `${new URL(url).host} does not answer: ${reason}`);
  }
};
