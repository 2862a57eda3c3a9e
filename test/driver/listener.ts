// The certificates that a yard's TLS listener shows.
import { connect } from 'node:tls';
import { type Certificate, parseCertificate } from '../../src/formats/x509/certificate.ts';
import type { RunningYard } from './yard.ts';

/** Leaf first, as the listener sends them, and the root. */
export async function listenerChain(yard: RunningYard): Promise<readonly Certificate[]> {
  const { hostname, port } = new URL(yard.url);
  return new Promise((done, failed) => {
    const socket = connect({ host: hostname, port: Number(port), ca: yard.rootsPem }, () => {
      const chain: Certificate[] = [];
      for (let each = socket.getPeerCertificate(true); each !== undefined; each = each.issuerCertificate) {
        chain.push(parseCertificate(new Uint8Array(each.raw)));
        if (each.issuerCertificate === each) break;
      }
      socket.destroy();
      done(chain);
    });
    socket.once('error', failed);
  });
}
