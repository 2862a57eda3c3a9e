// RFC 3161 timestamps, whole: requests and TSTInfo, responses built and read.
export {
  assembleTimestampResponse,
  encodeTimestampRefusal,
  type TimestampFailure,
  timestampSignedAttributes,
} from './timestamp-build.ts';
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
  type CertificateHash,
  parseTimestampResponse,
  parseTimestampToken,
  type TimestampResponse,
  type TimestampSigner,
  type TimestampToken,
} from './timestamp-token.ts';
