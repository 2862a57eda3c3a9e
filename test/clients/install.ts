// `npm run clients [-- NAME…]`: installs the outside clients of the interop suites, each once, below .cache/clients.
import { acmeSh } from './acme-sh.ts';
import { acmeTiny } from './acme-tiny.ts';
import { caddy } from './caddy.ts';
import { certbot } from './certbot.ts';
import { certtool } from './certtool.ts';
import type { Client } from './client.ts';
import { cosign } from './cosign.ts';
import { dehydrated } from './dehydrated.ts';
import { dockerRegistry } from './docker-registry.ts';
import { go } from './go.ts';
import { lego } from './lego.ts';
import { lego5 } from './lego-5.ts';
import { openssl } from './openssl.ts';
import { pebble } from './pebble.ts';
import { pkilint } from './pkilint.ts';
import { stepCa } from './step-ca.ts';
import { strace } from './strace.ts';
import { uacme } from './uacme.ts';
import { xCryptoAcme } from './x-crypto-acme.ts';

const CLIENTS: readonly Client[] = [
  acmeSh,
  acmeTiny,
  caddy,
  certbot,
  certtool,
  cosign,
  dehydrated,
  dockerRegistry,
  go,
  lego,
  lego5,
  openssl,
  pebble,
  pkilint,
  strace,
  uacme,
  xCryptoAcme,
];
/** Minutes of building, and no suite needs them: only by name. */
const BY_NAME_ONLY: readonly Client[] = [stepCa];

const wanted = process.argv.slice(2);
const all = [...CLIENTS, ...BY_NAME_ONLY];
const unknown = wanted.filter((name) => !all.some((client) => client.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such client: ${unknown.join(', ')}; there are ${all.map((c) => c.name).join(', ')}\n`,
  );
  process.exit(2);
}
for (const client of wanted.length === 0 ? CLIENTS : all.filter(({ name }) => wanted.includes(name))) {
  const installed = await client.install();
  const text =
    'skip' in installed ? `not here: ${installed.skip}` : `${installed.version}  ${installed.path}`;
  process.stdout.write(`${client.name.padEnd(16)} ${text}\n`);
}
