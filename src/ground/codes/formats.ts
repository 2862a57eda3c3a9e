// Error codes of the room `formats` (and its doors).
import type { ErrorTable } from './shape.ts';

export const FORMAT_CODES = {
  'SY-DER-MALFORMED': {
    kind: 'malformed',
    sentence: 'the bytes are not the DER structure that was expected',
    cause: 'the input is cut, not DER (X.690), or of another type',
    next: 'check the file with `openssl asn1parse` and send it again',
  },
  'SY-PEM-MALFORMED': {
    kind: 'malformed',
    sentence: 'the text is not PEM',
    cause: 'the text lacks its BEGIN and END lines or holds bad base64 (RFC 7468)',
    next: 'send the block with its BEGIN and END lines, unchanged',
  },
  'SY-ALGORITHM-UNKNOWN': {
    kind: 'malformed',
    sentence: 'the algorithm is not one that Sealyard knows',
    cause: 'the key or signature uses an algorithm or parameters outside the supported table',
    next: 'use ECDSA P-256/384/521, Ed25519, RSA with SHA-2, or ML-DSA',
  },
  'SY-X509-MALFORMED': {
    kind: 'malformed',
    sentence: 'the certificate or request cannot be read',
    cause: 'the structure breaks RFC 5280, is cut, or holds hostile names',
    next: 'check it with `openssl x509 -text` or `openssl req -text` and make a new one',
  },
  'SY-TIMESTAMP-MALFORMED': {
    kind: 'malformed',
    sentence: 'the timestamp request or response cannot be read',
    cause: 'the structure breaks RFC 3161 or RFC 5652',
    next: 'check it with `openssl ts -query -text` or `openssl ts -reply -text`',
  },
  'SY-DSSE-MALFORMED': {
    kind: 'malformed',
    sentence: 'the DSSE envelope cannot be read',
    cause: 'a member is missing, of the wrong type, not base64, or too large',
    next: 'make the envelope again with a signing client',
  },
  'SY-STATEMENT-MALFORMED': {
    kind: 'malformed',
    sentence: 'the in-toto statement cannot be read',
    cause: 'the payload is not a Statement v1 or v0.1, or one of its members is missing or of the wrong type',
    next: 'make the statement again; see the in-toto attestation framework',
  },
  'SY-BUNDLE-MALFORMED': {
    kind: 'malformed',
    sentence: 'the Sigstore bundle cannot be read',
    cause: 'a member is missing, unknown, of the wrong type or out of bounds',
    next: 'fetch the bundle again or sign again',
  },
  'SY-BUNDLE-VERSION': {
    kind: 'malformed',
    sentence: 'the media type of the Sigstore bundle is not supported',
    cause: 'bundles 0.1, 0.2 and 0.3 are read; this one names another version or none',
    next: 'sign again with a client that writes bundle v0.3',
  },
  'SY-ENTRY-MALFORMED': {
    kind: 'malformed',
    sentence: 'the transparency log entry cannot be read',
    cause: 'the body is not canonical JSON of a supported kind (hashedrekord, dsse, intoto)',
    next: 'send a supported entry in its documented form',
  },
  'SY-TRUSTED-ROOT-MALFORMED': {
    kind: 'malformed',
    sentence: 'the trusted root cannot be read',
    cause:
      'a member is missing, unknown, of the wrong type or out of bounds, or the media type is not version 0.1',
    next: 'export the trusted root again with "sealyard trust export"',
  },
  'SY-SIGNING-CONFIG-MALFORMED': {
    kind: 'malformed',
    sentence: 'the signing configuration cannot be read',
    cause: 'a member is missing, unknown or of the wrong type, or the media type is not version 0.2',
    next: 'fetch signing_config.json again',
  },
  'SY-NOTE-MALFORMED': {
    kind: 'malformed',
    sentence: 'the signed note cannot be read',
    cause: 'the text does not follow C2SP signed-note: text, blank line, signature lines',
    next: 'fetch the note again from the log',
  },
  'SY-CHECKPOINT-MALFORMED': {
    kind: 'malformed',
    sentence: 'the checkpoint cannot be read',
    cause: 'the note text does not follow C2SP tlog-checkpoint: origin, size, root hash',
    next: 'fetch the checkpoint again from the log',
  },
  'SY-TILE-MALFORMED': {
    kind: 'malformed',
    sentence: 'the tile or its path cannot be read',
    cause: 'it does not follow C2SP tlog-tiles',
    next: 'check the path; a partial tile ends in .p/ and its width',
  },
  'SY-STATIC-CT-MALFORMED': {
    kind: 'malformed',
    sentence: 'the certificate log entry cannot be read',
    cause: 'it does not follow C2SP static-ct-api',
    next: 'fetch the data tile again from the log',
  },
  'SY-OCI-MALFORMED': {
    kind: 'malformed',
    sentence: 'the OCI document cannot be read',
    cause: 'a member is missing, of the wrong type or out of bounds',
    next: 'push the image again with a current client',
  },
  'SY-OCI-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'the OCI document is larger than is read',
    cause: 'manifests are bounded to 4 MiB and 1,000 entries',
    next: 'split the image or the index',
  },
  'SY-OCI-MEDIA-TYPE': {
    kind: 'malformed',
    sentence: 'the media type of the OCI document is not supported',
    cause: 'only OCI image manifests and indexes and Docker schema 2 are read',
    next: 'push the image again with a client that writes OCI manifests',
  },
  'SY-REFERENCE-MALFORMED': {
    kind: 'usage',
    sentence: 'the image reference cannot be read',
    cause: 'it is not [registry/]repository[:tag][@sha256:…] nor oci:FOLDER[:tag|@sha256:…]',
    next: 'check the spelling; repositories are lower-case',
  },
} as const satisfies ErrorTable;
