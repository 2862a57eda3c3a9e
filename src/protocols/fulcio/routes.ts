// The keyless door: Fulcio's API, v2 and what older clients need of v1.
import { encodePem } from '../../formats/pem.ts';
import type { Certificate } from '../../formats/x509/certificate.ts';
import type { IssuerType } from '../../identity/identity.ts';
import type { IssuedCertificate } from '../../issue/request.ts';
import { certificatesPem } from '../../trust/pem.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { jsonReply } from '../problem.ts';
import { BODY_LIMIT_BYTES, readLegacyRequest, readSigningRequest } from './messages.ts';
import { fulcioProblem } from './problems.ts';
import { type FulcioDeps, signingCertificate } from './signing-cert.ts';

export type { FulcioDeps } from './signing-cert.ts';

const PEM_CHAIN = 'application/pem-certificate-chain';

export function fulcioRoutes(deps: FulcioDeps): Route[] {
  const post = (path: string, handle: Route['handle']): Route => ({
    method: 'POST',
    path,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    contentTypes: ['application/json'],
    listeners: ['tls'],
    handle,
    problem: fulcioProblem,
  });
  const get = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path,
    bodyLimitBytes: 0,
    listeners: ['tls'],
    handle,
    problem: fulcioProblem,
  });
  return [
    // Copied for each request: answer and certificate name one authority, also while it is being rotated.
    post('/api/v2/signingCert', (request) => signingCert(request, { ...deps })),
    get('/api/v2/trustBundle', () => trustBundle(deps)),
    get('/api/v2/configuration', () => configuration(deps)),
    post('/api/v1/signingCert', (request) => legacySigningCert(request, { ...deps })),
    get('/api/v1/rootCert', () => ({
      status: 200,
      headers: { 'content-type': PEM_CHAIN },
      body: certificatesPem(deps.authority.chain),
    })),
  ];
}

/** Exactly 200, which sigstore-go insists on. */
async function signingCert(request: DoorRequest, deps: FulcioDeps): Promise<DoorReply> {
  const issued = await signingCertificate(readSigningRequest(request), deps);
  return jsonReply(200, {
    signedCertificateEmbeddedSct: { chain: { certificates: pemChain(issued, deps) } },
  });
}

/** 201 and the chain as PEM. */
async function legacySigningCert(request: DoorRequest, deps: FulcioDeps): Promise<DoorReply> {
  const issued = await signingCertificate(readLegacyRequest(request), deps);
  return { status: 201, headers: { 'content-type': PEM_CHAIN }, body: pemChain(issued, deps).join('') };
}

function pemChain(issued: IssuedCertificate, deps: FulcioDeps): readonly string[] {
  return [encodePem('CERTIFICATE', issued.certificate.der), ...issuersPem(deps.authority.chain)];
}

// The authorities' part of every answer is the same: encoded once.
const encoded = new WeakMap<readonly Certificate[], readonly string[]>();

function issuersPem(chain: readonly Certificate[]): readonly string[] {
  let pem = encoded.get(chain);
  if (pem === undefined) {
    pem = chain.map(({ der }) => encodePem('CERTIFICATE', der));
    encoded.set(chain, pem);
  }
  return pem;
}

function trustBundle(deps: FulcioDeps): DoorReply {
  return jsonReply(200, { chains: [{ certificates: issuersPem(deps.authority.chain) }] });
}

/** Fulcio's names of issuer types (config.proto); what the built-in issuer's tokens become is Fulcio's `uri`. */
const ISSUER_TYPE: Readonly<Record<IssuerType, string>> = {
  github: 'github-workflow',
  gitlab: 'gitlab-pipeline',
  development: 'uri',
};

function configuration(deps: FulcioDeps): DoorReply {
  return jsonReply(200, {
    issuers: deps.policy().issuers.map((issuer) => ({
      issuerUrl: issuer.url,
      audience: issuer.audiences[0] ?? '',
      challengeClaim: 'sub',
      spiffeTrustDomain: '',
      issuerType: ISSUER_TYPE[issuer.type],
      subjectDomain: '',
    })),
  });
}
