// The certificates that the running yard uses itself, renewed while it runs: the listener's and the timestamp authority's.
import type { Certificate } from '../formats/x509/certificate.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { ListenerName } from '../issue/request.ts';
import {
  ensureListenerCertificate,
  ensureTimestampCertificates,
  type TimestampCertificates,
} from '../issue/service-certificates.ts';
import { standaloneListener } from '../issue/standalone-listener.ts';
import type { Foundation } from './foundation.ts';
import type { Listener } from './listener.ts';
import type { ServerLog } from './log.ts';
import { keepRenewed } from './renewal.ts';

export interface ServiceCertificates {
  listener(): Certificate;
  timestamp(): TimestampCertificates;
  stop(): void;
}

/** @param o.onTimestamps after the set of timestamping chains changed: trust documents name them */
export async function openServiceCertificates(o: {
  readonly foundation: Foundation;
  readonly listeners: readonly Pick<Listener, 'setCertificate'>[];
  readonly names: readonly ListenerName[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ServerLog;
  readonly onTimestamps: () => void;
}): Promise<ServiceCertificates> {
  const { ceremony, authorities, directory, organization, store } = o.foundation;
  const presentListener = async () => {
    const made =
      store.state === 'restored'
        ? standaloneListener(o)
        : await ensureListenerCertificate(ceremony, { authority: authorities.tls, names: o.names });
    const key = made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const listener of o.listeners) listener.setCertificate({ key, certificates: made.chainPem });
    return made;
  };
  const presentTimestamp = () =>
    ensureTimestampCertificates(ceremony, { authority: authorities.timestamping, organization, directory });
  let listener = await presentListener();
  let timestamp = await presentTimestamp();
  const renewals = [
    keepRenewed({
      ...o,
      what: 'listener certificate',
      first: listener.renewAt,
      renew: async () => {
        listener = await presentListener();
        return listener.renewAt;
      },
    }),
    keepRenewed({
      ...o,
      what: 'timestamp certificate',
      first: timestamp.renewAt,
      renew: async () => {
        timestamp = await presentTimestamp();
        o.onTimestamps();
        return timestamp.renewAt;
      },
    }),
  ];
  return {
    listener: () => listener.certificate,
    timestamp: () => timestamp,
    stop: () => {
      for (const renewal of renewals) renewal.stop();
    },
  };
}
