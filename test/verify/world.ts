// A whole signing world in memory, made anew for each run: authority, certificate log, two signature logs, timestamps.
import type { SignatureAlgorithm } from '../../src/formats/algorithms.ts';
import type { Bundle, TransparencyEntry } from '../../src/formats/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../src/formats/dsse.ts';
import { leafHash } from '../../src/formats/merkle.ts';
import {
  encodeCheckpoint,
  encodeNote,
  type NoteSignature,
  noteKeyId,
  spkiKeyId,
} from '../../src/formats/note.ts';
import { keyDetailsOf, signedEntryTimestampBytes } from '../../src/formats/rekor.ts';
import { encodeStatement, type Statement } from '../../src/formats/statement.ts';
import {
  assembleTimestampResponse,
  encodeTstInfo,
  timestampSignedAttributes,
} from '../../src/formats/timestamp.ts';
import type { TrustedLog, TrustedRoot, ValidityWindow } from '../../src/formats/trusted-root.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Certificate, type Extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { encodeSct, leafIndexExtension, sctSignedBytes } from '../../src/formats/x509/sct.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { asSerial, type Serial } from '../../src/ground/ids.ts';
import { bodyV1, recordV2 } from './world-bodies.ts';
import { type Curve, ecKey, edKey, type Key, sha256, signWith } from './world-keys.ts';
import { cosign, SIGNED_AT, treeOf } from './world-tree.ts';

export { type Curve, ecKey, edKey, type Key, sha256, signWith } from './world-keys.ts';
export { SIGNED_AT, treeOf, witnessKey } from './world-tree.ts';

const START = new Date('2026-01-01T00:00:00Z');
const YEAR_MS = 365 * 86_400_000;
const ALGORITHM: SignatureAlgorithm = 'ecdsa-sha256';
export const SAN = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main';
export const ISSUER = 'https://token.actions.githubusercontent.com';

let serials = 1;

function serial(): Serial {
  const value = asSerial((serials++).toString(16).padStart(4, '0'));
  if (value === undefined) throw new TypeError('serial');
  return value;
}

interface Issuer {
  readonly key: Key;
  readonly certificate: Certificate;
}

function name(commonName: string): Uint8Array {
  return encodeName([{ oid: OID.commonName, value: commonName }]);
}

function certify(template: CertificateTemplate, issuer: Key): Certificate {
  const tbs = buildTbs(template);
  return parseCertificate(assembleCertificate(tbs, ALGORITHM, signWith(issuer, tbs)));
}

function authority(commonName: string, usage: readonly string[], issuer?: Issuer): Issuer {
  const key = ecKey();
  const certificate = certify(
    {
      serial: serial(),
      issuer: issuer?.certificate.subject.der ?? name(commonName),
      subject: name(commonName),
      notBefore: START,
      notAfter: new Date(START.getTime() + YEAR_MS),
      spki: key.spki,
      signatureAlgorithm: ALGORITHM,
      extensions: [
        extensions.basicConstraints({ ca: true }),
        extensions.keyUsage(['keyCertSign', 'crlSign']),
        ...(usage.length === 0 ? [] : [extensions.extendedKeyUsage(usage, { critical: false })]),
        extensions.subjectKeyId(sha256(key.spki).slice(0, 20)),
        extensions.authorityKeyId(sha256(issuer?.key.spki ?? key.spki).slice(0, 20)),
      ],
    },
    issuer?.key ?? key,
  );
  return { key, certificate };
}

export interface LeafOptions {
  readonly spki: Uint8Array;
  readonly names?: Parameters<typeof extensions.subjectAltName>[0];
  readonly extra?: readonly Extension[];
  readonly scts?: 'good' | 'forged' | 'none';
}

export interface EntryOptions {
  readonly log: 'v1' | 'v2';
  readonly body: Uint8Array;
  readonly at?: Date;
  readonly cosigners?: readonly { readonly name: string; readonly key: Key }[];
  /** Other leaves that the tree holds before this one. */
  readonly before?: number;
}

/** One of everything; all keys die with the process. */
export class World {
  readonly root = authority('root', []);
  readonly ca = authority('signing', [OID.codeSigning], this.root);
  readonly tsaRoot = authority('tsa root', []);
  readonly tsa = this.#timestampSigner();
  readonly ctLog = ecKey();
  readonly logs = {
    v1: { key: ecKey(), host: 'rekor.example', origin: 'rekor.example - 1234567890' },
    v2: { key: edKey(), host: 'log2.example', origin: 'log2.example' },
  };

  #timestampSigner(): Issuer {
    const key = ecKey();
    const certificate = certify(
      {
        serial: serial(),
        issuer: this.tsaRoot.certificate.subject.der,
        subject: name('tsa'),
        notBefore: START,
        notAfter: new Date(START.getTime() + YEAR_MS),
        spki: key.spki,
        signatureAlgorithm: ALGORITHM,
        extensions: [
          extensions.keyUsage(['digitalSignature']),
          extensions.authorityKeyId(sha256(this.tsaRoot.key.spki).slice(0, 20)),
          extensions.extendedKeyUsage([OID.timeStamping], { critical: true }),
        ],
      },
      this.tsaRoot.key,
    );
    return { key, certificate };
  }

  /** A signing certificate of ten minutes around `SIGNED_AT`. */
  leaf(options: LeafOptions): Certificate {
    const template: CertificateTemplate = {
      serial: serial(),
      issuer: this.ca.certificate.subject.der,
      subject: encodeName([]),
      notBefore: new Date(SIGNED_AT.getTime() - 300_000),
      notAfter: new Date(SIGNED_AT.getTime() + 300_000),
      spki: options.spki,
      signatureAlgorithm: ALGORITHM,
      extensions: [
        extensions.keyUsage(['digitalSignature']),
        extensions.authorityKeyId(sha256(this.ca.key.spki).slice(0, 20)),
        extensions.extendedKeyUsage([OID.codeSigning], { critical: false }),
        extensions.subjectAltName(options.names ?? [{ type: 'uri', value: SAN }], { critical: true }),
        ...(options.extra ?? [extensions.fulcio(8, ISSUER)]),
      ],
    };
    if (options.scts === 'none') return certify(template, this.ca.key);
    const scts = extensions.sctList([this.sct(template, options.scts === 'forged' ? ecKey() : this.ctLog)]);
    return certify({ ...template, extensions: [...template.extensions, scts] }, this.ca.key);
  }

  sct(template: CertificateTemplate, signer: Key, index = 7): Uint8Array {
    const sct = { timestampMs: SIGNED_AT.getTime(), extensions: leafIndexExtension(index) };
    const signed = sctSignedBytes({
      ...sct,
      issuerKeyHash: sha256(this.ca.key.spki),
      tbsWithoutScts: buildTbs(template),
    });
    const signature = signWith(signer, signed);
    return encodeSct({ ...sct, logId: spkiKeyId(this.ctLog.spki), algorithm: 'ecdsa-sha256', signature });
  }

  logId(log: 'v1' | 'v2'): Uint8Array {
    const { key, host } = this.logs[log];
    return log === 'v1' ? spkiKeyId(key.spki) : noteKeyId(host, 1, key.spki.slice(-32));
  }

  /** A tree of `before` other leaves and this one, its proof and checkpoint. */
  entry(o: EntryOptions): TransparencyEntry {
    const { key, host, origin } = this.logs[o.log];
    const before = o.before ?? 1;
    const leaves = [
      ...Array.from({ length: before }, (_, i) => leafHash(toUtf8(`other ${i}`))),
      leafHash(o.body),
    ];
    const { root, proof } = treeOf(leaves, before);
    const text = encodeCheckpoint({ origin, size: leaves.length, rootHash: root, extensions: [] });
    const signatures: NoteSignature[] = [
      ...(o.cosigners ?? []).map((cosigner) => cosign(cosigner, text)),
      { name: host, keyHint: this.logId(o.log).slice(0, 4), signature: signWith(key, toUtf8(text)) },
    ];
    const body = JSON.parse(new TextDecoder().decode(o.body)) as { kind: string; apiVersion: string };
    const integratedTime = Math.floor((o.at ?? SIGNED_AT).getTime() / 1000);
    const logIndex = o.log === 'v1' ? before + 1000 : before;
    const entry = { logIndex, logId: this.logId(o.log), canonicalizedBody: o.body };
    return {
      ...entry,
      kind: body.kind,
      version: body.apiVersion,
      ...(o.log === 'v2'
        ? {}
        : {
            integratedTime,
            inclusionPromise: signWith(key, signedEntryTimestampBytes({ ...entry, integratedTime })),
          }),
      inclusionProof: {
        logIndex: before,
        rootHash: root,
        treeSize: leaves.length,
        hashes: proof,
        checkpoint: encodeNote({ text, signatures }),
      },
    };
  }

  timestamp(message: Uint8Array, at: Date = SIGNED_AT): Uint8Array {
    const info = encodeTstInfo({
      policy: OID.sigstoreTimestampPolicy,
      hashAlgorithm: 'sha256',
      hashedMessage: sha256(message),
      serial: serial(),
      genTime: at,
      ordering: false,
    });
    const certificate = this.tsa.certificate;
    const signedAttributes = timestampSignedAttributes({
      info,
      certificate: certificate.der,
      signatureAlgorithm: ALGORITHM,
      signingTime: at,
    });
    const signature = signWith(this.tsa.key, signedAttributes);
    return assembleTimestampResponse({
      info,
      signedAttributes,
      signatureAlgorithm: ALGORITHM,
      signature,
      certificate,
      certificates: [],
    });
  }

  trustedRoot(
    windows: {
      readonly log?: ValidityWindow;
      readonly tsa?: ValidityWindow;
      readonly ca?: ValidityWindow;
      readonly ct?: ValidityWindow;
    } = {},
  ): TrustedRoot {
    const always = { start: START };
    const log = (host: string, key: Key, logId: Uint8Array, validFor: ValidityWindow): TrustedLog => ({
      baseUrl: `https://${host}/api`,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: key.spki, keyDetails: keyDetailsOf(key.spki), validFor },
      logId,
    });
    const subject = { organization: 'acme', commonName: 'acme' };
    return {
      tlogs: (['v1', 'v2'] as const).map((which) =>
        log(this.logs[which].host, this.logs[which].key, this.logId(which), windows.log ?? always),
      ),
      ctlogs: [log('ct.example', this.ctLog, spkiKeyId(this.ctLog.spki), windows.ct ?? always)],
      certificateAuthorities: [
        {
          subject,
          uri: 'https://ca.example',
          certificates: [this.ca.certificate.der, this.root.certificate.der],
          validFor: windows.ca ?? always,
        },
      ],
      timestampAuthorities: [
        {
          subject,
          uri: 'https://tsa.example',
          certificates: [this.tsa.certificate.der, this.tsaRoot.certificate.der],
          validFor: windows.tsa ?? always,
        },
      ],
    };
  }

  /** A keyless bundle as our own signer makes it: hashedrekord 0.0.2 over the digest of what is signed. */
  bundle(o: {
    readonly content: { readonly message: Uint8Array } | { readonly statement: Statement };
    readonly log?: 'v1' | 'v2';
    readonly leaf?: Partial<LeafOptions>;
    readonly at?: Date;
    readonly curve?: Curve;
    readonly cosigners?: EntryOptions['cosigners'];
  }): Bundle {
    const key = ecKey(o.curve);
    const certificate = this.leaf({ spki: key.spki, ...o.leaf });
    const payload = 'statement' in o.content ? encodeStatement(o.content.statement) : undefined;
    const signed =
      'message' in o.content
        ? o.content.message
        : preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload ?? new Uint8Array());
    const signature = signWith(
      key,
      signed,
      { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' }[o.curve ?? 'P-256'],
    );
    const log = o.log ?? 'v2';
    const body =
      log === 'v2'
        ? recordV2(signed, signature, key, certificate.der, o.curve)
        : bodyV1(signed, payload, signature, certificate.der);
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      version: '0.3',
      content:
        payload === undefined
          ? { kind: 'message', digest: { algorithm: 'SHA2_256', value: sha256(signed) }, signature }
          : {
              kind: 'dsse',
              envelope: { payload, payloadType: IN_TOTO_PAYLOAD_TYPE, signatures: [{ sig: signature }] },
            },
      material: { kind: 'certificate', chain: [certificate.der] },
      entries: [
        this.entry({
          log,
          body,
          ...(o.at === undefined ? {} : { at: o.at }),
          ...(o.cosigners === undefined ? {} : { cosigners: o.cosigners }),
        }),
      ],
      timestamps: log === 'v2' ? [this.timestamp(signature, o.at)] : [],
    };
  }
}
