// Another PKI, made by openssl: roots, intermediates, issuing authorities and leaves with whatever extensions a test wants.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { opensslIn } from './world.ts';

export interface ForeignSpec {
  /** The name of its files. */
  readonly name: string;
  /** As `openssl genpkey` wants it. */
  readonly key?: string;
  /** Whose files sign it; absent: it signs itself. */
  readonly by?: string;
  /** Lines of an openssl extension section. */
  readonly extensions?: readonly string[];
  readonly days?: number;
  readonly subject?: string;
}

export const CA = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
];
export const ISSUING = [
  'basicConstraints=critical,CA:TRUE,pathlen:0',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid',
];
export const BELOW = [...CA, 'authorityKeyIdentifier=keyid'];

const P256 = '-algorithm EC -pkeyopt ec_paramgen_curve:P-256';

/** Makes key and certificate; gives both as PEM. */
export async function foreign(
  folder: string,
  o: ForeignSpec,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const { name, by, extensions = CA, days = 3650, subject = `/O=Elsewhere/CN=${name}` } = o;
  await opensslIn(folder, `genpkey ${o.key ?? P256} -out ${name}.key`);
  await writeFile(join(folder, `${name}.ext`), `[v3]\n${extensions.join('\n')}\n`);
  await writeFile(join(folder, `${name}.cnf`), `[req]\ndistinguished_name=dn\n[dn]\n`);
  const common = [
    '-sha256',
    '-days',
    String(days),
    '-extfile',
    `${name}.ext`,
    '-extensions',
    'v3',
    '-out',
    `${name}.pem`,
  ];
  await opensslRun(folder, [
    'req',
    '-new',
    '-config',
    `${name}.cnf`,
    '-key',
    `${name}.key`,
    '-subj',
    subject,
    '-out',
    `${name}.csr`,
  ]);
  const signing =
    by === undefined
      ? ['-signkey', `${name}.key`]
      : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
  await opensslRun(folder, ['x509', '-req', '-in', `${name}.csr`, ...signing, ...common]);
  return {
    certificate: await readFile(join(folder, `${name}.pem`), 'utf8'),
    key: await readFile(join(folder, `${name}.key`), 'utf8'),
  };
}

/** Signs somebody's request with these files; the PEM of the certificate. */
export async function signedBy(
  folder: string,
  o: {
    readonly by: string;
    readonly csr: string;
    readonly extensions: readonly string[];
    readonly days?: number;
  },
): Promise<string> {
  await writeFile(join(folder, 'asked.csr'), o.csr);
  await writeFile(join(folder, 'asked.ext'), `[v3]\n${o.extensions.join('\n')}\n`);
  return opensslRun(folder, [
    ...[
      'x509',
      '-req',
      '-in',
      'asked.csr',
      '-CA',
      `${o.by}.pem`,
      '-CAkey',
      `${o.by}.key`,
      '-CAcreateserial',
      '-sha256',
    ],
    ...['-days', String(o.days ?? 1000), '-extfile', 'asked.ext', '-extensions', 'v3'],
  ]);
}

function opensslRun(folder: string, args: readonly string[]): Promise<string> {
  return opensslIn(folder, args.join(' '));
}
