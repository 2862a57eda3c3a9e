// What `sign`, `attest` and the tour share: the job's token, the yard as a signer sees it, and the summary printed.
import type { JsonObject } from '../ground/json.ts';
import { REAL_CLOCK } from '../server/clock.ts';
import type { Signed, Signing } from '../sign/sign.ts';
import { createYardClient } from '../sign/yard-client.ts';
import { identityToken } from './ambient.ts';
import type { CliContext } from './context.ts';
import { personalReach } from './images.ts';
import { yardAddress } from './yard.ts';

/** Everything that signing needs but the artifact. @throws SealyardError `SY-CLI-NO-YARD`, `SY-CLI-NO-TOKEN` */
export async function signingFor(context: CliContext): Promise<Signing> {
  const address = yardAddress(context);
  const yard = createYardClient({
    url: address.url,
    reach: personalReach(context.environment),
    clock: REAL_CLOCK,
    ...(address.roots === undefined ? {} : { roots: address.roots }),
  });
  return { yard, token: await identityToken(context, address.url), clock: REAL_CLOCK };
}

export function signedJson(signed: Signed): JsonObject & { readonly code: string } {
  return {
    code: 'SY-OK',
    digest: signed.digest,
    identity: signed.identity,
    issuer: signed.issuer,
    certificateSerial: signed.certificateSerial,
    logIndex: signed.logIndex,
    ...(signed.facts.predicateType === undefined ? {} : { predicateType: signed.facts.predicateType }),
  };
}

export function signedText(context: CliContext, verb: string, what: string, signed: Signed): string {
  const { style } = context.output;
  const line = (name: string, text: string) => `  ${style('dim', name.padEnd(12))}${text}`;
  return [
    `${style('good', verb)} ${what}`,
    line('digest', signed.digest),
    line('identity', `${signed.identity} ${style('dim', `(${signed.issuer})`)}`),
    line('certificate', signed.certificateSerial),
    line('log index', String(signed.logIndex)),
  ].join('\n');
}
