// RFC 3161 timestamps, whole: requests and TSTInfo (timestamp-info.ts), and the signed token (timestamp-token.ts).
export {
  type Accuracy,
  encodeTimestampRequest,
  encodeTstInfo,
  MAX_TIMESTAMP_REQUEST_BYTES,
  parseTimestampRequest,
  parseTstInfo,
  type TimestampRequest,
  type TstInfo,
} from './timestamp-info.ts';
export {
  assembleTimestampResponse,
  type CertificateHash,
  encodeTimestampRefusal,
  parseTimestampResponse,
  parseTimestampToken,
  type TimestampFailure,
  type TimestampResponse,
  type TimestampSigner,
  type TimestampToken,
  timestampSignedAttributes,
} from './timestamp-token.ts';
