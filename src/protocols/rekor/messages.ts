// What the signature log is asked to take: the two request forms of Rekor v2, both read into one record.
import { createHash } from 'node:crypto';
import { type Envelope, parseEnvelope, preAuthEncoding } from '../../formats/dsse.ts';
import { ProtoMessage, protoBytes } from '../../formats/proto-json.ts';
import { type HashedRekord, hashOfKeyDetails, parseHashedRekordRequest } from '../../formats/rekor.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { type Json, parseJson } from '../../ground/json.ts';

/** rekor-tiles takes 4 MB. */
export const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const BOUNDS = { maxLength: BODY_LIMIT_BYTES, maxDepth: 16 };
const CONTEXT = { code: 'SY-REKOR-MALFORMED' } as const;

export type EntryRequest = Omit<HashedRekord, 'kind' | 'version'>;

/** @throws SealyardError `SY-REKOR-MALFORMED`, `SY-ENTRY-MALFORMED`, `SY-DSSE-MALFORMED`, `SY-JSON-*` */
export function readEntryRequest(body: Uint8Array): EntryRequest {
  const text = fromUtf8(body);
  if (text === undefined) throw new SealyardError('SY-REKOR-MALFORMED', 'not UTF-8');
  const message = new ProtoMessage(parseJson(text, BOUNDS), 'request', CONTEXT, [
    'hashedRekordRequestV002',
    'dsseRequestV002',
  ]);
  if (message.has('hashedRekordRequestV002') === message.has('dsseRequestV002'))
    throw message.refusal('spec', 'is not exactly one of hashedRekordRequestV002 and dsseRequestV002');
  if (message.has('hashedRekordRequestV002'))
    return parseHashedRekordRequest(message.json('hashedRekordRequestV002'));
  return ofEnvelope(
    new ProtoMessage(message.json('dsseRequestV002'), 'dsseRequestV002', CONTEXT, ['envelope', 'verifiers']),
  );
}

/**
 * An envelope becomes the hashedrekord over its pre-authentication encoding, as clients from cosign 3.1 on send it
 * themselves: one kind of entry in the log, and every verifier knows it.
 */
function ofEnvelope(request: ProtoMessage): EntryRequest {
  const envelope = parseEnvelope(request.json('envelope'));
  const [signature, ...others] = envelope.signatures;
  const [verifier, ...more] = request.list('verifiers', 16);
  if (signature === undefined || verifier === undefined || others.length > 0 || more.length > 0)
    throw request.refusal('verifiers', 'and signatures are not exactly one each');
  return parseHashedRekordRequest({
    digest: protoBytes(digestOf(envelope, verifier)),
    signature: { content: protoBytes(signature.sig), verifier },
  });
}

function digestOf(envelope: Envelope, verifier: Json): Uint8Array {
  const read = new ProtoMessage(verifier, 'verifier', CONTEXT, [
    'keyDetails',
    'x509Certificate',
    'publicKey',
  ]);
  const hash = hashOfKeyDetails(read.text('keyDetails', 64));
  if (hash === undefined) throw new SealyardError('SY-REKOR-ALGORITHM');
  return new Uint8Array(
    createHash(hash).update(preAuthEncoding(envelope.payloadType, envelope.payload)).digest(),
  );
}
