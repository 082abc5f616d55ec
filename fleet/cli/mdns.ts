/** Members tell of themselves by mDNS: as ours (`_tswasm-fleet._tcp`), and with `--compat` as the papers' devices do (`_webthing._tcp`). */
import { Bonjour, type Service } from 'bonjour-service';

export interface Announced {
  close(): Promise<void>;
}

/** A network without multicast is no error: members find each other by URL then. */
export function announce(
  name: string,
  port: number,
  compat: boolean,
  fingerprint: string,
  address: { readonly hostname: string; readonly isSecure: boolean },
): Announced {
  const bonjour = new Bonjour(undefined, () => undefined);
  const services: Service[] = [
    bonjour.publish({ name, type: 'tswasm-fleet', port, txt: { tsw: '1', key: fingerprint }, probe: false }),
  ];
  if (compat)
    services.push(
      bonjour.publish({
        name,
        type: 'webthing',
        port,
        txt: { path: '/', tls: address.isSecure ? '1' : '0', address: address.hostname },
        probe: false,
      }),
    );
  for (const service of services) service.on('error', () => undefined);
  return {
    close: () =>
      new Promise((resolve) => {
        bonjour.unpublishAll(() => {
          bonjour.destroy();
          resolve();
        });
      }),
  };
}
