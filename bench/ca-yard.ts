// A yard that issues to anybody on loopback, for the benches of the certificate side; limits lifted, since one driver
// stands for thousands of clients.
import { mkdirSync, writeFileSync } from 'node:fs';
import { temporaryFolder } from '../test/driver/folder.ts';
import { freePort } from '../test/driver/port.ts';
import { type RunningYard, startYard } from '../test/driver/yard.ts';

export const SERVICE_TOKEN = 'bench';

const POLICY = `apiVersion: sealyard/v1
kind: Policy
administer:
  - { who: administrator, role: administrator }
identities:
  bench: { from: service-token, name: ${SERVICE_TOKEN} }
environments:
  base:
    issue:
      - { who: anyone, profile: server-tls, names: ["127.0.0.0/8"], challenges: [http-01] }
      - { who: bench, profile: server-tls, names: ["**.example.com"] }
`;
const UNLIMITED = '1000000:1000000';
const LIMITS = ['BY_ACCOUNT', 'BY_IDENTITY', 'BY_NAME', 'BY_ADDRESS'];

export interface CaYard extends AsyncDisposable {
  readonly yard: RunningYard;
  readonly httpPort: number;
}

export async function openCaYard(wrapper: readonly string[] = []): Promise<CaYard> {
  const folder = temporaryFolder('bench-ca');
  const data = folder.file('yard');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(`${data}/policy.yaml`, POLICY);
  const httpPort = await freePort();
  const yard = await startYard({
    data,
    wrapper,
    environment: Object.fromEntries([
      ...LIMITS.map((name) => [`SEALYARD_LIMIT_ORDERS_${name}`, UNLIMITED]),
      ['SEALYARD_LIMIT_ACCOUNTS_BY_ADDRESS', UNLIMITED],
      ['SEALYARD_CHALLENGE_HTTP_PORT', String(httpPort)],
      ['SEALYARD_CHALLENGE_ALLOW_NETWORKS', '127.0.0.0/8'],
    ]),
  });
  return {
    yard,
    httpPort,
    [Symbol.asyncDispose]: async () => {
      await yard.stop();
      folder[Symbol.dispose]();
    },
  };
}
