// OCSP, whole: certificate ids, requests and responses, written and read.
export { type CertId, type CertIdHash, encodeCertId } from './ocsp-id.ts';
export {
  encodeOcspRequest,
  MAX_OCSP_REQUEST_BYTES,
  MAX_OCSP_REQUESTS,
  nonceExtension,
  type OcspRequest,
  parseOcspRequest,
} from './ocsp-request.ts';
export {
  type BasicOcspResponse,
  EXTENDED_REVOKE,
  encodeOcspFailure,
  encodeOcspResponse,
  encodeResponseData,
  type OcspCertStatus,
  type OcspFailure,
  type ParsedSingleResponse,
  parseOcspResponse,
  type ResponseDataFields,
  type SingleResponse,
} from './ocsp-response.ts';
