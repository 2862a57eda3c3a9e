// Makes a Sigstore bundle for an image step by step, so that a test can bend each step.
import { createHash, sign } from 'node:crypto';
import { type DoorClient, newKey } from './client.ts';

export interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    certificate: { rawBytes: string };
    tlogEntries: LogEntryJson[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
}

export interface LogEntryJson {
  logIndex: string;
  canonicalizedBody: string;
  inclusionProof?: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const SIGNATURE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

/**
 * `afterCertificate` runs between the certificate and the signature, for a certificate to expire there; the client that
 * it gives makes the rest of the requests.
 */
export async function makeBundle(o: {
  readonly client: DoorClient;
  readonly token: string;
  readonly imageDigest: string;
  readonly predicateType?: string;
  readonly afterCertificate?: () => Promise<DoorClient>;
}): Promise<BundleJson> {
  const key = newKey();
  const granted = await o.client.certificate(o.token, key);
  if (granted.status !== 200) throw new Error(`no certificate: ${granted.status} ${granted.body.toString()}`);
  const leaf = leafOf(granted.body);
  const client = (await o.afterCertificate?.()) ?? o.client;
  const payload = statement(o.imageDigest, o.predicateType ?? SIGNATURE_TYPE);
  const signed = preAuthEncoding(payload);
  const signature = sign('sha256', signed, key.privateKey);
  const digest = createHash('sha256').update(signed).digest();
  const logged = await client.logEntry({ digest, signature, verifier: { certificate: leaf } });
  if (logged.status !== 201) throw new Error(`no log entry: ${logged.status} ${logged.body.toString()}`);
  const stamped = await client.timestamp(signature);
  if (stamped.status !== 200) throw new Error(`no timestamp: ${stamped.status}`);
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: leaf.toString('base64') },
      tlogEntries: [JSON.parse(logged.body.toString()) as LogEntryJson],
      timestampVerificationData: {
        rfc3161Timestamps: [{ signedTimestamp: stamped.body.toString('base64') }],
      },
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    },
  };
}

/** The certificates of a Fulcio v2 answer, leaf first, as DER. */
export function chainOf(body: Buffer): Buffer[] {
  const answer = JSON.parse(body.toString()) as {
    signedCertificateEmbeddedSct: { chain: { certificates: string[] } };
  };
  return answer.signedCertificateEmbeddedSct.chain.certificates.map((pem) =>
    Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'),
  );
}

export function leafOf(body: Buffer): Buffer {
  const [leaf] = chainOf(body);
  if (leaf === undefined) throw new Error('the answer holds no certificate');
  return leaf;
}

function statement(imageDigest: string, predicateType: string): Buffer {
  const [algorithm = '', hex = ''] = imageDigest.split(':');
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { [algorithm]: hex } }],
      predicateType,
      predicate: {},
    }),
  );
}

// DSSE v1 pre-authentication encoding.
function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `),
    payload,
  ]);
}
