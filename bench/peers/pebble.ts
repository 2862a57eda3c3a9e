// Pebble as a peer: everything in memory, nothing kept, no pause before a validation. At four clients and more it hangs
// (the lock of its store), so it is asked with one and two.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { install } from '../../test/clients/pebble.ts';
import { temporaryFolder } from '../../test/driver/folder.ts';
import { freePort } from '../../test/driver/port.ts';
import { type PeerOptions, type StartedPeer, startProgram } from './peer.ts';

export const PEBBLE_MOST_CLIENTS = 2;

/** `validates: false` spares it every validation: its best figure. */
export async function startPebble(o: PeerOptions & { readonly validates: boolean }): Promise<StartedPeer> {
  const program = await install();
  if ('skip' in program) return program;
  const folder = temporaryFolder('pebble');
  const [address, management] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const [certificate, privateKey] = [folder.file('listener.pem'), folder.file('listener.key')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2'],
      ...['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...[
        '-addext',
        'keyUsage=critical,digitalSignature,keyCertSign',
        '-keyout',
        privateKey,
        '-out',
        certificate,
      ],
    ],
    { stdio: 'ignore' },
  );
  const pebble = {
    listenAddress: address,
    managementListenAddress: management,
    certificate,
    privateKey,
    httpPort: o.httpPort,
    tlsPort: o.httpPort,
    externalAccountBindingRequired: false,
    retryAfter: { authz: 1, order: 1 },
  };
  writeFileSync(folder.file('config.json'), JSON.stringify({ pebble }));
  const running = await startProgram({
    command: [...o.wrapper, program.path, '-config', folder.file('config.json')],
    environment: {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: '0',
      // Half of its authorizations would be old ones, which need no validation.
      PEBBLE_AUTHZREUSE: '0',
      ...(o.validates ? {} : { PEBBLE_VA_ALWAYS_VALID: '1' }),
    },
    url: `https://${address}/dir`,
    rootsFile: certificate,
    folder: folder.path,
  });
  return {
    name: `pebble ${program.version}`,
    directory: `https://${address}/dir`,
    rootsFile: certificate,
    pid: running.pid,
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      folder[Symbol.dispose]();
    },
  };
}
