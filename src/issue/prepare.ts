// prepare: a request becomes a linted TBSCertificate with a serial of its own. The only input that `issue` takes.
import { type Authority, type AuthorityPurpose, KEY_PURPOSE_OF } from '../authority/authority.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  extensions,
} from '../formats/x509/build.ts';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import type { KeyPurpose, Signer } from '../keys/signer.ts';
import { addressesOf } from './addresses.ts';
import { spkiFingerprint } from './blocked-keys.ts';
import { type Form, formOf } from './form.ts';
import { refuseKnownKey } from './known-keys.ts';
import { refuseUnlessClean } from './lint/lint.ts';
import { MAX_AHEAD_MS } from './lint/structure-rules.ts';
import { SIGNED_BY } from './profiles.ts';
import type { CertificateRequest, IssueDeps, ProfileName } from './request.ts';
import { newSerial } from './serial.ts';
import { type Body, bodyOf } from './template.ts';

const prepared: unique symbol = Symbol('prepared');

/** A certificate that passed the lint and may be signed. Only `prepare` makes one. */
export interface PreparedCertificate {
  readonly profile: ProfileName;
  readonly request: CertificateRequest;
  readonly template: CertificateTemplate;
  /** What the template encodes to; for a keyless certificate, without poison and SCT list. */
  readonly tbs: Uint8Array;
  readonly issuer: IssuerOf;
  readonly at: Date;
  /** `tbs` as our parser reads it, with no signature. */
  readonly linted: Certificate;
  /** Rules of the lint that do not hold and need not, by profile. */
  readonly warnings: readonly string[];
  readonly [prepared]: true;
}

/** Who signs. `authority` is absent for a root, which signs itself. */
export interface IssuerOf {
  readonly authority: Authority | undefined;
  readonly id: string;
  readonly signer: Signer;
  readonly purpose: KeyPurpose;
}

export type PrepareDeps = Pick<IssueDeps, 'random' | 'clockGuard' | 'records' | 'urls'>;

/**
 * Steps 1–2 of issuing: fields by profile, serial, dates, and the lint over the bytes that will be signed.
 * @throws SealyardError `SY-ISSUE-CLOCK`, `SY-ISSUE-NAME`, `SY-ISSUE-IDENTITY-TOO-LARGE`, `SY-ISSUE-PROOF`,
 *   `SY-ISSUE-LINT`, and for subscribers `SY-ISSUE-LINT-REFUSED`, `SY-ISSUE-KEY-KIND`, `SY-ISSUE-KEY-BLOCKED`,
 *   `SY-ISSUE-KEY-SHARED-PRIME`, `SY-ISSUE-LIFETIME`
 */
export function prepare(request: CertificateRequest, deps: PrepareDeps): PreparedCertificate {
  // Life of a signature, step 4: the certificate as bytes, linted before anything is signed.
  refuseForeignProof(request);
  const at = deps.clockGuard.now();
  const issuer = issuerOf(request);
  refuseUnfitKey(request, deps);
  const form = formOf(request);
  const body = bodyOf(request, form);
  const template = templateOf(request, { body, issuer, at }, deps);
  const tbs = buildTbs(template);
  const linted = unsigned(tbs, issuer.signer);
  const warnings = lintTbs(linted, { request, form, issuer, body, at });
  return { profile: request.profile, request, template, tbs, issuer, at, linted, warnings, [prepared]: true };
}

/** Keyless keys live for minutes and are made for one signature: they are not compared with those on record. */
function refuseUnfitKey(request: CertificateRequest, { records }: PrepareDeps): void {
  if (request.profile !== 'subscriber') return;
  const { publicKey } = request.key;
  refuseKnownKey(publicKey, spkiFingerprint(publicKey.spki), records);
}

/** A proof made for one identity's challenge must not certify the key for another. */
function refuseForeignProof(request: CertificateRequest): void {
  if (request.profile !== 'keyless') return;
  const { challenge } = request.key;
  if (challenge !== undefined && challenge !== request.identity.challenge)
    throw new SealyardError('SY-ISSUE-PROOF', 'it was made for another identity');
}

function issuerOf(request: CertificateRequest): IssuerOf {
  if (request.profile === 'root')
    return { authority: undefined, id: 'root', signer: request.signer, purpose: KEY_PURPOSE_OF.root };
  const { authority } = request;
  if (!signersOf(request).includes(authority.purpose))
    throw new TypeError(`${request.profile} is not signed by ${authority.purpose}`);
  return {
    authority,
    id: authority.id,
    signer: authority.signer,
    purpose: KEY_PURPOSE_OF[authority.purpose],
  };
}

/** A subscriber's authority signs below ours; its leaves come from one for their use, which policy and profile chose. */
function signersOf(request: CertificateRequest): readonly AuthorityPurpose[] {
  if (request.profile !== 'subscriber') return SIGNED_BY[request.profile];
  const { base, usage } = request.grant.profile;
  if (base === 'intermediate') return SIGNED_BY['intermediate-ca'];
  return base === 'ocsp-responder' ? SIGNED_BY['ocsp-responder'] : [usage];
}

interface Parts {
  readonly body: Body;
  readonly issuer: IssuerOf;
  readonly at: Date;
}

function templateOf(request: CertificateRequest, parts: Parts, deps: PrepareDeps): CertificateTemplate {
  const { body, issuer, at } = parts;
  const { authority } = issuer;
  const notBefore = notBeforeOf(request, at);
  const notAfter = notAfterOf(request, parts, notBefore);
  const serial = newSerial({ random: deps.random, notAfter, at });
  return {
    serial,
    issuer: authority?.certificate.subject.der ?? body.subject,
    subject: body.subject,
    notBefore,
    notAfter,
    spki: body.spki,
    signatureAlgorithm: issuer.signer.algorithm,
    extensions: [
      ...body.extensions,
      authority?.authorityKeyId ?? extensions.authorityKeyId(body.keyId),
      ...addressesOf(request, serial, deps.urls),
    ],
  };
}

/** No back-dating: what a certificate says about its time is true. Clients' clocks are their timestamps' concern. */
function notBeforeOf(request: CertificateRequest, at: Date): Date {
  const wanted = request.profile === 'subscriber' ? request.notBefore : undefined;
  const fromMs = Math.max(at.getTime(), wanted?.getTime() ?? 0);
  if (!(fromMs - at.getTime() <= MAX_AHEAD_MS))
    throw new SealyardError('SY-ISSUE-LIFETIME', 'it would begin more than a day ahead');
  return new Date(Math.floor(fromMs / 1000) * 1000);
}

/** A subscriber's certificate ends with its authority at the latest (RFC 5280 §6.1.3), where enough of life is left. */
function notAfterOf(request: CertificateRequest, { body, issuer }: Parts, notBefore: Date): Date {
  const notAfterMs = notBefore.getTime() + body.lifetimeSeconds * 1000;
  const endMs = issuer.authority?.certificate.notAfter.getTime() ?? notAfterMs;
  if (request.profile !== 'subscriber' || notAfterMs <= endMs) return new Date(notAfterMs);
  if (endMs - notBefore.getTime() < request.grant.profile.lifetime.leastSeconds * 1000)
    throw new SealyardError('SY-ISSUE-LIFETIME', `the authority ends at ${new Date(endMs).toISOString()}`);
  return new Date(endMs);
}

function lintTbs(
  certificate: Certificate,
  o: Parts & { readonly request: CertificateRequest; readonly form: Form },
): readonly string[] {
  const profile = o.request.profile === 'subscriber' ? o.request.grant.profile : undefined;
  return refuseUnlessClean({
    certificate,
    profileName: o.request.profile,
    form: o.form,
    chain: o.issuer.authority?.chain ?? [],
    keyId: o.body.keyId,
    now: o.at,
    ...(profile === undefined ? {} : { base: profile.base, severities: profile.lint }),
  });
}

/** The TBS as our own strict parser reads it: what it refuses, everybody may refuse. Its signature is no signature. */
function unsigned(tbs: Uint8Array, signer: Signer): Certificate {
  return parseCertificate(assembleCertificate(tbs, signer.algorithm, NO_SIGNATURE));
}

const NO_SIGNATURE = new Uint8Array(1);
