// A yard of the built artefact with an ACME policy, in a laboratory that stands in for the internet.
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { type RunningYard, startYard } from '../driver/yard.ts';
import { type Laboratory, openLaboratory } from './acme/laboratory.ts';
import { acmePolicy, BOUND_IDENTITY } from './acme/policy.ts';
import type { AcmeServer, Binding } from './acme/server.ts';

const execute = promisify(execFile);

export async function openAcmeYard(): Promise<AcmeServer> {
  const folder = temporaryFolder('acme');
  const laboratory = await openLaboratory();
  const data = folder.file('yard');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(`${data}/policy.yaml`, acmePolicy());
  const yard = await startYard({ data, args: laboratoryFlags(laboratory) });
  return {
    name: 'sealyard',
    directory: `${yard.url}/acme/directory`,
    rootsFile: yard.rootsFile,
    laboratory,
    bind: () => createBinding(yard, folder),
    statusOf: (certificate) => statusByOcsp(yard, folder, certificate),
    // A revoked certificate is due at once (RFC 9773 §4.2).
    hurry: async (certificate) => {
      const { serialNumber } = new X509Certificate(readFileSync(certificate));
      await yard.ask('revoke', serialNumber, '--reason', 'superseded');
    },
    [Symbol.asyncDispose]: async () => {
      await yard.stop();
      await laboratory[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** What makes a yard take the laboratory for the internet. */
export function laboratoryFlags(laboratory: Laboratory): string[] {
  return [
    ...['--challenge-resolvers', laboratory.resolver],
    ...['--challenge-http-port', String(laboratory.httpPort)],
    ...['--challenge-tls-port', String(laboratory.tlsPort)],
    ...['--challenge-allow-networks', '127.0.0.0/8'],
  ];
}

async function createBinding(yard: RunningYard, folder: Folder): Promise<Binding> {
  const file = folder.file('binding.hmac');
  const made = await yard.ask('account', 'binding', 'create', '--identity', BOUND_IDENTITY, '--out', file);
  return { keyId: String(made['keyId']), hmacKey: readFileSync(file, 'utf8').trim() };
}

/** openssl asks the OCSP responder whose address stands in the certificate. */
async function statusByOcsp(
  yard: RunningYard,
  folder: Folder,
  certificate: string,
): Promise<'good' | 'revoked' | 'unknown'> {
  const [, issuer = ''] = readFileSync(certificate, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/);
  writeFileSync(folder.file('issuer.pem'), issuer);
  const { stdout: url } = await execute('openssl', ['x509', '-in', certificate, '-noout', '-ocsp_uri']);
  const { stdout } = await execute('openssl', [
    ...['ocsp', '-issuer', folder.file('issuer.pem'), '-cert', certificate, '-url', url.trim()],
    ...['-CAfile', yard.rootsFile, '-verify_other', folder.file('issuer.pem')],
  ]);
  const word = stdout.split(`${certificate}: `)[1];
  if (word?.startsWith('good') === true) return 'good';
  return word?.startsWith('revoked') === true ? 'revoked' : 'unknown';
}
