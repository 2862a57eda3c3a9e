// What others say of a chain that a client was given: openssl, GnuTLS, Go and Python's cryptography, each as it is.
import { execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { install as installCertbot } from '../../clients/certbot.ts';
import { install as installCerttool } from '../../clients/certtool.ts';
import { install as installGoClient } from '../../clients/x-crypto-acme.ts';

export interface Chain {
  /** PEM file, leaf first. */
  readonly certificate: string;
  /** PEM file. */
  readonly roots: string;
  /** A name or an address that the leaf must be good for. */
  readonly name: string;
}

type Opinion = (chain: Chain) => Promise<readonly string[] | undefined>;

const execute = promisify(execFile);

/** In Python: Mozilla's rules as `cryptography` has them. */
const PYTHON = `
import ipaddress, sys
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store
certificate, roots, name = sys.argv[1:]
read = lambda path: x509.load_pem_x509_certificates(open(path, "rb").read())
leaf, *between = read(certificate)
try: subject = x509.IPAddress(ipaddress.ip_address(name))
except ValueError: subject = x509.DNSName(name)
PolicyBuilder().store(Store(read(roots))).build_server_verifier(subject).verify(leaf, between)
`;

/** Command lines that end with status 0 for a good chain; `undefined` where the machine has no such program. */
const OPINIONS: readonly Opinion[] = [
  async ({ certificate, roots, name }) => [
    ...['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', roots],
    ...['-untrusted', certificate, isIP(name) === 0 ? '-verify_hostname' : '-verify_ip', name, certificate],
  ],
  async ({ certificate, roots, name }) => {
    const certtool = await installCerttool();
    if ('skip' in certtool) return undefined;
    const purpose = ['--verify-purpose', '1.3.6.1.5.5.7.3.1'];
    return [
      ...[certtool.path, '--verify', '--load-ca-certificate', roots, '--verify-hostname', name],
      ...[...purpose, '--infile', certificate],
    ];
  },
  async ({ certificate, roots, name }) => {
    const go = await installGoClient();
    return 'skip' in go ? undefined : [go.path, '-roots', roots, 'verify', certificate, name];
  },
  async ({ certificate, roots, name }) => {
    const certbot = await installCertbot();
    if ('skip' in certbot) return undefined;
    return [join(dirname(certbot.path), 'python'), '-c', PYTHON, certificate, roots, name];
  },
];

/** @throws with what the first one that disagrees said */
export async function everyoneAgrees(chain: Chain): Promise<void> {
  for (const opinion of OPINIONS) {
    const [program, ...args] = (await opinion(chain)) ?? [];
    if (program !== undefined) await execute(program, args, { timeout: 20_000 });
  }
}
