// Certificate requests of the Fulcio API, v2 and v1, both read into one shape.
import { decodePem } from '../../formats/pem.ts';
import { ProtoMessage } from '../../formats/proto-json.ts';
import { type CertificationRequest, MAX_CSR_BYTES, parseCsr } from '../../formats/x509/csr.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { parseJson } from '../../ground/json.ts';
import type { DoorRequest } from '../door.ts';

/** Fulcio takes 4 MiB; a token, a key and a signature stay far below this. */
export const BODY_LIMIT_BYTES = 256 * 1024;
const BOUNDS = { maxLength: BODY_LIMIT_BYTES, maxDepth: 16 };
const CONTEXT = { code: 'SY-FULCIO-MALFORMED' } as const;
const MAX_TOKEN_LENGTH = 64 * 1024;
const MAX_KEY_BYTES = 8 * 1024;
const MAX_SIGNATURE_BYTES = 8 * 1024;

/** What is to be certified, with the proof that the caller holds its private half. */
export type Possession =
  | {
      readonly kind: 'challenge';
      /** PEM text or SubjectPublicKeyInfo DER. */
      readonly publicKey: string | Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly kind: 'request'; readonly request: CertificationRequest };

export interface SigningRequest {
  readonly token: string;
  readonly possession: Possession;
}

/** POST /api/v2/signingCert. @throws SealyardError `SY-FULCIO-*`, `SY-JSON-*`, and what `parseCsr` throws */
export function readSigningRequest(request: DoorRequest): SigningRequest {
  const message = readBody(request, ['credentials', 'publicKeyRequest', 'certificateSigningRequest']);
  const credentials = message.optionalMessage('credentials', ['oidcIdentityToken']);
  const token = credentials?.optionalText('oidcIdentityToken', MAX_TOKEN_LENGTH);
  if (message.has('publicKeyRequest') === message.has('certificateSigningRequest'))
    throw message.refusal('key', 'is not exactly one of publicKeyRequest and certificateSigningRequest');
  const possession = message.has('publicKeyRequest') ? readChallengeForm(message) : readCsrForm(message);
  return { token: tokenOf(token, request), possession };
}

function readChallengeForm(message: ProtoMessage): Possession {
  const form = message.message('publicKeyRequest', ['publicKey', 'proofOfPossession']);
  // `algorithm` is the client's remark: the key says what it is.
  const publicKey = form.message('publicKey', ['algorithm', 'content']).text('content', 2 * MAX_KEY_BYTES);
  return { kind: 'challenge', publicKey, signature: form.bytes('proofOfPossession', MAX_SIGNATURE_BYTES) };
}

function readCsrForm(message: ProtoMessage): Possession {
  const text = fromUtf8(message.bytes('certificateSigningRequest', 2 * MAX_CSR_BYTES));
  const [block, ...more] = text === undefined ? [] : decodePem(text);
  const isRequest = block?.label === 'CERTIFICATE REQUEST' || block?.label === 'NEW CERTIFICATE REQUEST';
  if (block === undefined || !isRequest || more.length > 0)
    throw message.refusal('certificateSigningRequest', 'is not one PEM certificate request');
  return { kind: 'request', request: parseCsr(block.der) };
}

/** POST /api/v1/signingCert: `content` is base64 of PEM (cosign 2) or of DER (gitsign). */
export function readLegacyRequest(request: DoorRequest): SigningRequest {
  const message = readBody(request, ['publicKey', 'signedEmailAddress', 'certificateSigningRequest']);
  const key = message.message('publicKey', ['algorithm', 'content']).bytes('content', 2 * MAX_KEY_BYTES);
  const signature = message.bytes('signedEmailAddress', MAX_SIGNATURE_BYTES);
  const text = fromUtf8(key);
  const publicKey = text?.startsWith('-----BEGIN ') === true ? text : key;
  return {
    token: tokenOf(undefined, request),
    possession: { kind: 'challenge', publicKey, signature },
  };
}

function readBody(request: DoorRequest, known: readonly string[]): ProtoMessage {
  const text = fromUtf8(request.body);
  if (text === undefined) throw new SealyardError('SY-FULCIO-MALFORMED', 'not UTF-8');
  return new ProtoMessage(parseJson(text, BOUNDS), 'request', CONTEXT, known);
}

/** In the body, or as a bearer token (cosign does that); both, where they are equal. */
function tokenOf(inBody: string | undefined, request: DoorRequest): string {
  const header = /^Bearer +(\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
  const token = inBody === undefined || inBody === '' ? header : inBody;
  if (token === undefined) throw new SealyardError('SY-FULCIO-NO-TOKEN');
  if (header !== undefined && header !== token)
    throw new SealyardError('SY-FULCIO-MALFORMED', 'the body and the Authorization header hold two tokens');
  return token;
}
