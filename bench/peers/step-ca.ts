// step-ca with badger, which syncs every write: ACME for addresses on loopback and its signing API.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { install } from '../../test/clients/step-ca.ts';
import { type Folder, temporaryFolder } from '../../test/driver/folder.ts';
import { freePort } from '../../test/driver/port.ts';
import { type Peer, type PeerOptions, startProgram } from './peer.ts';

export interface StepCa extends Peer {
  /** Takes `{csr, ott}`. */
  readonly signUrl: string;
  /** JSON file of the provisioner's key, for the load driver's `-ott-key`. */
  readonly ottKeyFile: string;
}

const PROVISIONER = 'bench';

/** Builds it where it is not there yet: two minutes, `npm run clients -- step-ca` beforehand spares them. */
export async function startStepCa(o: PeerOptions): Promise<StepCa | { readonly skip: string }> {
  const program = await install();
  if ('skip' in program) return program;
  const folder = temporaryFolder('step-ca');
  const address = `127.0.0.1:${await freePort()}`;
  makeAuthorities(folder);
  const signUrl = `https://${address}/1.0/sign`;
  const key = provisionerKey(signUrl);
  writeFileSync(folder.file('ott.json'), JSON.stringify(key.secret));
  mkdirSync(folder.file('db'));
  writeFileSync(folder.file('ca.json'), JSON.stringify(configuration(folder, address, key.public)));
  const running = await startProgram({
    command: [
      ...o.wrapper,
      program.path,
      folder.file('ca.json'),
      ...['--insecure', '--acme-http-port', String(o.httpPort), '--quiet'],
    ],
    environment: { HOME: folder.path, STEPPATH: folder.path, PATH: process.env['PATH'] ?? '' },
    url: `https://${address}/health`,
    rootsFile: folder.file('root.pem'),
    folder: folder.path,
  });
  return {
    name: `step-ca ${program.version}`,
    directory: `https://${address}/acme/acme/directory`,
    rootsFile: folder.file('root.pem'),
    data: folder.file('db'),
    pid: running.pid,
    signUrl,
    ottKeyFile: folder.file('ott.json'),
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      folder[Symbol.dispose]();
    },
  };
}

function configuration(folder: Folder, address: string, key: object): object {
  return {
    root: folder.file('root.pem'),
    crt: folder.file('intermediate.pem'),
    key: folder.file('intermediate.key'),
    address,
    dnsNames: ['127.0.0.1'],
    db: { type: 'badgerv2', dataSource: folder.file('db') },
    authority: {
      provisioners: [
        { type: 'ACME', name: 'acme', claims: { defaultTLSCertDuration: '24h' } },
        { type: 'JWK', name: PROVISIONER, key },
      ],
    },
  };
}

function makeAuthorities(folder: Folder): void {
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', [...args], { cwd: folder.path, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const usage = 'keyUsage=critical,keyCertSign,cRLSign';
  openssl(
    ...[
      'req',
      '-x509',
      ...key,
      '-keyout',
      'root.key',
      '-out',
      'root.pem',
      '-days',
      '2',
      '-subj',
      '/CN=bench root',
    ],
    ...['-addext', usage],
  );
  openssl(
    ...['req', '-x509', ...key, '-keyout', 'intermediate.key', '-out', 'intermediate.pem', '-days', '2'],
    ...['-CA', 'root.pem', '-CAkey', 'root.key', '-subj', '/CN=bench intermediate', '-addext', usage],
    ...['-addext', 'basicConstraints=critical,CA:true,pathlen:0'],
  );
}

function provisionerKey(audience: string): { readonly public: object; readonly secret: object } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = privateKey.export({ format: 'jwk' });
  // RFC 7638: the members in this order and no other.
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  return {
    public: { use: 'sig', kty: 'EC', kid, crv: 'P-256', alg: 'ES256', x, y },
    secret: { Name: PROVISIONER, Audience: audience, Kid: kid, D: d, X: x, Y: y },
  };
}
