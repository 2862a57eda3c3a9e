// The harness behind ./sigstore: reads the protocol's arguments, calls sign or verify, answers by exit status.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { exitStatusOf } from '../../src/cli/exit.ts';
import { parseSigningConfig } from '../../src/formats/signing-config.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { parseJson } from '../../src/ground/json.ts';
import { createReach, LOCAL_TOO } from '../../src/reach/reach.ts';
import { REAL_CLOCK } from '../../src/server/clock.ts';
import { signBlob } from '../../src/sign/sign.ts';
import { createYardClient } from '../../src/sign/yard-client.ts';
import { verifyFiles } from './sigstore-verify.ts';

const OPTIONS = {
  staging: { type: 'boolean' },
  'in-toto': { type: 'boolean' },
  'identity-token': { type: 'string' },
  bundle: { type: 'string' },
  'trusted-root': { type: 'string' },
  'signing-config': { type: 'string' },
  'certificate-identity': { type: 'string' },
  'certificate-oidc-issuer': { type: 'string' },
  key: { type: 'string' },
} as const;

const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
const [command, target, ...more] = positionals;

/** `SEALYARD_TRUST` stands in where the protocol leaves the trusted root to the client. */
function trustedRoot(): string {
  const path = values['trusted-root'] ?? process.env['SEALYARD_TRUST'];
  return path ?? refuse('no trusted root: give --trusted-root or SEALYARD_TRUST');
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function verify(path: string): void {
  const digest = /^sha256:[0-9a-f]{64}$/.test(path) && !existsSync(path) ? path.slice(7) : undefined;
  const facts = verifyFiles({
    bundle: values.bundle ?? refuse('no --bundle'),
    trustedRoot: trustedRoot(),
    artifact: digest === undefined ? { path } : { sha256: digest },
    expect:
      values.key === undefined
        ? {
            san: values['certificate-identity'] ?? refuse('no --certificate-identity'),
            issuer: values['certificate-oidc-issuer'] ?? refuse('no --certificate-oidc-issuer'),
          }
        : { key: values.key },
  });
  process.stdout.write(`${facts.kind} verified\n`);
}

// The yard is the one whose certificate authority the signing configuration names.
async function sign(path: string): Promise<void> {
  if (values['in-toto'] === true) refuse('statements are signed by `sealyard attest`, which makes them');
  const config = values['signing-config'] ?? refuse('no --signing-config: there is no yard to sign with');
  const [authority] = parseSigningConfig(parseJson(readFileSync(config, 'utf8'))).caUrls;
  if (authority === undefined) refuse('the signing configuration names no certificate authority');
  const reach = createReach({ allow: LOCAL_TOO });
  const roots = process.env['SSL_CERT_FILE'];
  const yard = createYardClient({
    url: new URL(authority.url).origin,
    reach,
    clock: REAL_CLOCK,
    ...(roots === undefined ? {} : { roots: readFileSync(roots, 'utf8') }),
  });
  const token = values['identity-token'] ?? refuse('no --identity-token');
  const signed = await signBlob({
    yard,
    token,
    clock: REAL_CLOCK,
    bytes: new Uint8Array(readFileSync(path)),
  });
  writeFileSync(values.bundle ?? refuse('no --bundle'), signed.bundleJson);
  reach.close();
}

try {
  if (target === undefined || more.length > 0) refuse('usage: sign-bundle|verify-bundle … FILE');
  if (command === 'verify-bundle') verify(target);
  else if (command === 'sign-bundle') await sign(target);
  else refuse('usage: sign-bundle|verify-bundle … FILE');
} catch (error) {
  process.stderr.write(`${error instanceof SealyardError ? `${error.code}: ${error.message}` : error}\n`);
  process.exitCode = exitStatusOf(error);
}
