// `npm run clients [-- NAME…]`: installs the outside clients of the interop suites, each once, below .cache/clients.
import type { Client } from './client.ts';
import { cosign } from './cosign.ts';
import { dockerRegistry } from './docker-registry.ts';
import { openssl } from './openssl.ts';
import { strace } from './strace.ts';

const CLIENTS: readonly Client[] = [cosign, dockerRegistry, openssl, strace];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CLIENTS.some((client) => client.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such client: ${unknown.join(', ')}; there are ${CLIENTS.map((c) => c.name).join(', ')}\n`,
  );
  process.exit(2);
}
for (const client of CLIENTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const installed = await client.install();
  const text =
    'skip' in installed ? `not here: ${installed.skip}` : `${installed.version}  ${installed.path}`;
  process.stdout.write(`${client.name.padEnd(16)} ${text}\n`);
}
