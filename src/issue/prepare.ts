// prepare: a request becomes a linted TBSCertificate with a serial of its own. The only input that `issue` takes.
import type { Authority } from '../authority/authority.ts';
import { KEY_PURPOSE_OF } from '../authority/authority.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  extensions,
} from '../formats/x509/build.ts';
import { type Certificate, parseCertificate } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import type { KeyPurpose, Signer } from '../keys/signer.ts';
import { refuseUnlessClean } from './lint.ts';
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
  readonly [prepared]: true;
}

/** Who signs. `authority` is absent for a root, which signs itself. */
export interface IssuerOf {
  readonly authority: Authority | undefined;
  readonly id: string;
  readonly signer: Signer;
  readonly purpose: KeyPurpose;
}

/**
 * Steps 1–2 of issuing: fields by profile, serial, dates, and the lint over the bytes that will be signed.
 * @throws SealyardError `SY-ISSUE-CLOCK`, `SY-ISSUE-NAME`, `SY-ISSUE-IDENTITY-TOO-LARGE`, `SY-ISSUE-PROOF`,
 *   `SY-ISSUE-LINT`
 */
export function prepare(
  request: CertificateRequest,
  deps: Pick<IssueDeps, 'random' | 'clockGuard'>,
): PreparedCertificate {
  // Life of a signature, step 4: the certificate as bytes, linted before anything is signed.
  refuseForeignProof(request);
  const at = deps.clockGuard.now();
  const issuer = issuerOf(request);
  const body = bodyOf(request);
  const template = templateOf(body, issuer, at, deps);
  const tbs = buildTbs(template);
  lintTbs(tbs, { request, issuer, body, at });
  return { profile: request.profile, request, template, tbs, issuer, at, [prepared]: true };
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
  if (!SIGNED_BY[request.profile].includes(authority.purpose))
    throw new TypeError(`${request.profile} is not signed by ${authority.purpose}`);
  return {
    authority,
    id: authority.id,
    signer: authority.signer,
    purpose: KEY_PURPOSE_OF[authority.purpose],
  };
}

function templateOf(
  body: Body,
  issuer: IssuerOf,
  at: Date,
  deps: Pick<IssueDeps, 'random'>,
): CertificateTemplate {
  // No back-dating: what a certificate says about its time is true. Clients' clocks are their timestamps' concern.
  const notBefore = new Date(Math.floor(at.getTime() / 1000) * 1000);
  const { authority } = issuer;
  return {
    serial: newSerial(deps.random),
    issuer: authority?.certificate.subject.der ?? body.subject,
    subject: body.subject,
    notBefore,
    notAfter: new Date(notBefore.getTime() + body.lifetimeSeconds * 1000),
    spki: body.spki,
    signatureAlgorithm: issuer.signer.algorithm,
    extensions: [...body.extensions, authority?.authorityKeyId ?? extensions.authorityKeyId(body.keyId)],
  };
}

function lintTbs(
  tbs: Uint8Array,
  o: { request: CertificateRequest; issuer: IssuerOf; body: Body; at: Date },
): void {
  refuseUnlessClean({
    certificate: unsigned(tbs, o.issuer.signer),
    profileName: o.request.profile,
    issuer: o.issuer.authority?.certificate,
    terms: 'terms' in o.request ? o.request.terms : undefined,
    keyId: o.body.keyId,
    now: o.at,
  });
}

/** The TBS as our own strict parser reads it: what it refuses, everybody may refuse. Its signature is no signature. */
function unsigned(tbs: Uint8Array, signer: Signer): Certificate {
  return parseCertificate(assembleCertificate(tbs, signer.algorithm, NO_SIGNATURE));
}

const NO_SIGNATURE = new Uint8Array(1);
