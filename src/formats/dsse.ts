// DSSE envelopes (secure-systems-lab/dsse v1.0): payload, payload type and signatures over their pre-authentication encoding.
import { concat, toUtf8 } from '../ground/bytes.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import { ProtoMessage, protoBytes } from './proto-json.ts';

export interface Signature {
  readonly sig: Uint8Array;
  /** A hint for people; never used to choose a key. */
  readonly keyid?: string;
}

export interface Envelope {
  readonly payload: Uint8Array;
  readonly payloadType: string;
  readonly signatures: readonly Signature[];
}

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 8 * 1024;
const MAX_SIGNATURES = 16;
const MAX_TYPE_LENGTH = 256;
const MAX_KEYID_LENGTH = 1024;

/** The payload type of in-toto statements. */
export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** `DSSEv1 <len> <type> <len> <payload>` (DSSE protocol, "PAE"); lengths count bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = toUtf8(payloadType);
  return concat(toUtf8(`DSSEv1 ${type.length} `), type, toUtf8(` ${payload.length} `), payload);
}

/**
 * Reads an envelope of 1 to 16 signatures; unknown members are refused.
 * @throws SealyardError `SY-DSSE-MALFORMED`
 */
export function parseEnvelope(json: Json): Envelope {
  const context = { code: 'SY-DSSE-MALFORMED' } as const;
  const envelope = new ProtoMessage(json, 'envelope', context, ['payload', 'payloadType', 'signatures']);
  const signatures = envelope.messages('signatures', ['sig', 'keyid'], MAX_SIGNATURES).map(readSignature);
  if (signatures.length === 0) throw envelope.refusal('signatures', 'is empty');
  return {
    payload: envelope.bytes('payload', MAX_PAYLOAD_BYTES),
    payloadType: envelope.text('payloadType', MAX_TYPE_LENGTH),
    signatures,
  };
}

function readSignature(message: ProtoMessage): Signature {
  const keyid = message.optionalText('keyid', MAX_KEYID_LENGTH);
  const sig = message.bytes('sig', MAX_SIGNATURE_BYTES);
  return keyid === undefined || keyid === '' ? { sig } : { sig, keyid };
}

/** The envelope as JSON, `keyid` left out where there is none. */
export function envelopeJson(envelope: Envelope): JsonObject {
  return {
    payload: protoBytes(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ sig, keyid }) =>
      keyid === undefined ? { sig: protoBytes(sig) } : { sig: protoBytes(sig), keyid },
    ),
  };
}
