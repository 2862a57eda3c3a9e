// What clients must trust to verify this yard's signatures, in Sigstore's format.
import { keyDetailsOf } from '../formats/rekor.ts';
import type { TrustedAuthority, TrustedLog, TrustedRoot } from '../formats/trusted-root.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import type { Logs } from '../log/ports.ts';

export interface TrustSources {
  /** Without a final slash. The signature log's origin is its host: clients compare the two. */
  readonly publicUrl: string;
  /** Chains of the keyless authorities, past generations included: signatures outlive them. */
  readonly signingChains: readonly (readonly Certificate[])[];
  /** Timestamping chains, leaf first, past ones included: timestamps outlive their certificates. */
  readonly timestampChains: readonly (readonly Certificate[])[];
  readonly logs: Pick<Logs, 'spec' | 'logId'>;
  /** When the key of each log was made: nothing before counts. */
  readonly logKeysSince: { readonly certificate: Date; readonly signature: Date };
}

/**
 * The trusted root of a yard.
 * @throws TypeError where the signature log's origin is not the host of the public URL: no client would verify
 */
export function trustedRootOf(sources: TrustSources): TrustedRoot {
  const { publicUrl, logKeysSince } = sources;
  const { origin } = sources.logs.spec('signature');
  // rekor-tiles clients take the origin from the URL: `u.Hostname()`, without port and path.
  if (new URL(publicUrl).hostname !== origin)
    throw new TypeError('the origin of the signature log is another host');
  return {
    tlogs: [logOf(sources, 'signature', publicUrl, logKeysSince.signature)],
    ctlogs: [logOf(sources, 'certificate', `${publicUrl}/ct`, logKeysSince.certificate)],
    certificateAuthorities: sources.signingChains.map((chain) => authorityOf(chain, publicUrl)),
    timestampAuthorities: sources.timestampChains.map((chain) => ({
      ...authorityOf(chain, `${publicUrl}/api/v1/timestamp`),
      validFor: windowOf(chain),
    })),
  };
}

function logOf(
  { logs }: TrustSources,
  name: 'signature' | 'certificate',
  baseUrl: string,
  start: Date,
): TrustedLog {
  const { spki } = logs.spec(name).signer.publicKey;
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: spki, keyDetails: keyDetailsOf(spki), validFor: { start: secondOf(start) } },
    logId: logs.logId(name),
  };
}

function authorityOf(chain: readonly Certificate[], uri: string): TrustedAuthority {
  const [first] = chain;
  return {
    subject: {
      organization: attribute(first, OID.organizationName),
      commonName: attribute(first, OID.commonName),
    },
    uri,
    certificates: chain.map(({ der }) => der),
    validFor: { ...(first === undefined ? {} : { start: first.notBefore }) },
  };
}

function windowOf([leaf]: readonly Certificate[]): TrustedAuthority['validFor'] {
  return leaf === undefined ? {} : { start: leaf.notBefore, end: leaf.notAfter };
}

function attribute(certificate: Certificate | undefined, oid: string): string {
  return certificate?.subject.attributes.find((each) => each.oid === oid)?.value ?? '';
}

/** The beginning of the second: an SCT made in the very second of the key must count. */
function secondOf(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
