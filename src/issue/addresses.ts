// Where a certificate says that its status and its issuer are found: fixed when it is issued, for all of its life.
import type { Authority } from '../authority/authority.ts';
import { shardOf } from '../authority/shards.ts';
import { extensions } from '../formats/x509/build.ts';
import type { Extension } from '../formats/x509/certificate.ts';
import type { Serial } from '../ground/ids.ts';
import type { AuthorityUrls, CertificateRequest } from './request.ts';

/**
 * The addresses of a certificate (RFC 5280 §§4.2.1.13, 4.2.1.15, 4.2.2.1), none without a plain listener: status is
 * fetched over plain HTTP, since TLS would need the very status that is asked for.
 *
 * - a root is trusted by itself, a keyless certificate ends before a list could say anything, a responder's is `no-check`:
 *   none of them has addresses
 * - certificates of authorities and of the yard's own services have list, responder and issuer
 * - subscribers' have a delta list besides
 */
export function addressesOf(
  request: CertificateRequest,
  serial: Serial,
  urls: AuthorityUrls,
): readonly Extension[] {
  const { plainUrl } = urls;
  if (plainUrl === undefined || request.profile === 'root' || isWithoutStatus(request)) return [];
  const { authority } = request;
  const shard = shardOf(serial, authority.shards);
  const withDelta = request.profile === 'subscriber' && request.grant.profile.base !== 'intermediate';
  return fixed(authority, `${plainUrl} ${shard} ${withDelta}`, () =>
    addresses(authority.id, plainUrl, shard, withDelta),
  );
}

function isWithoutStatus(request: CertificateRequest): boolean {
  if (request.profile === 'subscriber') return request.grant.profile.base === 'ocsp-responder';
  return request.profile === 'keyless' || request.profile === 'ocsp-responder';
}

function addresses(id: string, plainUrl: string, shard: number, withDelta: boolean): readonly Extension[] {
  const list = `${plainUrl}/crl/${id}/${shard}`;
  return [
    extensions.authorityInfoAccess({ ocsp: `${plainUrl}/ocsp`, caIssuers: `${plainUrl}/ca/${id}.cer` }),
    extensions.crlDistributionPoint(`${list}.crl`),
    ...(withDelta ? [extensions.freshestCrl(`${list}.delta.crl`)] : []),
  ];
}

// One list of extensions for each shard, encoded once: the certificates of a shard share them.
const byAuthority = new WeakMap<Authority, Map<string, readonly Extension[]>>();

function fixed(authority: Authority, key: string, make: () => readonly Extension[]): readonly Extension[] {
  let known = byAuthority.get(authority);
  if (known === undefined) {
    known = new Map();
    byAuthority.set(authority, known);
  }
  let found = known.get(key);
  if (found === undefined) {
    found = make();
    known.set(key, found);
  }
  return found;
}
