// Sigstore trusted root v0.1 (protobuf-specs sigstore_trustroot.proto): which logs and authorities count, and when.
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import { ProtoMessage, protoBytes, protoTime } from './proto-json.ts';

/** A closed interval: both ends belong to it. No end: still valid. */
export interface ValidityWindow {
  readonly start?: Date;
  readonly end?: Date;
}

export interface TrustedLog {
  readonly baseUrl: string;
  readonly hashAlgorithm: string;
  readonly publicKey: {
    /** SPKI, but PKCS #1 where `keyDetails` begins with `PKCS1_`. */
    readonly rawBytes: Uint8Array;
    readonly keyDetails: string;
    readonly validFor: ValidityWindow;
  };
  readonly logId: Uint8Array;
  /** Where it differs from `logId`. */
  readonly checkpointKeyId?: Uint8Array;
  readonly operator?: string;
}

export interface TrustedAuthority {
  readonly subject: { readonly organization: string; readonly commonName: string };
  readonly uri: string;
  /** DER: issuing certificate (or timestamp signer) first, root last. */
  readonly certificates: readonly Uint8Array[];
  readonly validFor: ValidityWindow;
  readonly operator?: string;
}

export interface TrustedRoot {
  readonly tlogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly ctlogs: readonly TrustedLog[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

export const TRUSTED_ROOT_MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

const CONTEXT = { code: 'SY-TRUSTED-ROOT-MALFORMED' } as const;
const MAX_ITEMS = 256;
const MAX_CHAIN = 16;
const MAX_URL = 2048;
const MAX_NAME = 256;
const MAX_CERTIFICATE_BYTES = 64 * 1024;

/**
 * Reads a trusted root; unknown members and other media types are refused, as sigstore-go does.
 * @throws SealyardError `SY-TRUSTED-ROOT-MALFORMED`
 */
export function parseTrustedRoot(json: Json): TrustedRoot {
  if (!isObject(json) || json['mediaType'] !== TRUSTED_ROOT_MEDIA_TYPE)
    throw new SealyardError('SY-TRUSTED-ROOT-MALFORMED', 'mediaType');
  const root = new ProtoMessage(json, 'trustedRoot', CONTEXT, [
    'mediaType',
    'tlogs',
    'certificateAuthorities',
    'ctlogs',
    'timestampAuthorities',
  ]);
  return {
    tlogs: root.messages('tlogs', LOG_MEMBERS, MAX_ITEMS).map(readLog),
    certificateAuthorities: root
      .messages('certificateAuthorities', AUTHORITY_MEMBERS, MAX_ITEMS)
      .map(readAuthority),
    ctlogs: root.messages('ctlogs', LOG_MEMBERS, MAX_ITEMS).map(readLog),
    timestampAuthorities: root
      .messages('timestampAuthorities', AUTHORITY_MEMBERS, MAX_ITEMS)
      .map(readAuthority),
  };
}

const LOG_MEMBERS = [
  'baseUrl',
  'hashAlgorithm',
  'publicKey',
  'logId',
  'checkpointKeyId',
  'operator',
] as const;
const AUTHORITY_MEMBERS = ['subject', 'uri', 'certChain', 'validFor', 'operator'] as const;

function readLog(log: ProtoMessage): TrustedLog {
  const key = log.message('publicKey', ['rawBytes', 'keyDetails', 'validFor']);
  const validFor = readWindow(key.message('validFor', ['start', 'end']));
  // Without a start a log would have been trusted for ever; sigstore-go refuses it too.
  if (validFor.start === undefined) throw key.refusal('validFor.start', 'is missing');
  const checkpointKeyId = log.optionalMessage('checkpointKeyId', ['keyId'])?.bytes('keyId', 64);
  const hashAlgorithm = log.text('hashAlgorithm', 32);
  if (hashAlgorithm !== 'SHA2_256') throw log.refusal('hashAlgorithm', 'is not SHA2_256');
  return {
    baseUrl: log.optionalText('baseUrl', MAX_URL) ?? '',
    hashAlgorithm,
    publicKey: {
      rawBytes: key.bytes('rawBytes', 8 * 1024),
      keyDetails: key.text('keyDetails', 64),
      validFor,
    },
    logId: log.message('logId', ['keyId']).bytes('keyId', 64),
    ...(checkpointKeyId === undefined ? {} : { checkpointKeyId }),
    ...readOperator(log),
  };
}

function readAuthority(authority: ProtoMessage): TrustedAuthority {
  const subject = authority.optionalMessage('subject', ['organization', 'commonName']);
  const certificates = authority
    .message('certChain', ['certificates'])
    .messages('certificates', ['rawBytes'], MAX_CHAIN)
    .map((certificate) => certificate.bytes('rawBytes', MAX_CERTIFICATE_BYTES));
  if (certificates.length === 0) throw authority.refusal('certChain', 'is empty');
  const window = authority.optionalMessage('validFor', ['start', 'end']);
  return {
    subject: {
      organization: subject?.optionalText('organization', MAX_NAME) ?? '',
      commonName: subject?.optionalText('commonName', MAX_NAME) ?? '',
    },
    uri: authority.optionalText('uri', MAX_URL) ?? '',
    certificates,
    validFor: window === undefined ? {} : readWindow(window),
    ...readOperator(authority),
  };
}

function readOperator(message: ProtoMessage): { readonly operator?: string } {
  const operator = message.optionalText('operator', MAX_NAME);
  return operator === undefined || operator === '' ? {} : { operator };
}

/** A `TimeRange`. Shared with the signing configuration. */
export function readWindow(window: ProtoMessage): ValidityWindow {
  const start = window.optionalTime('start');
  const end = window.optionalTime('end');
  if (start !== undefined && end !== undefined && end < start) throw window.refusal('end', 'is before start');
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

export function windowJson(window: ValidityWindow): JsonObject {
  return {
    ...(window.start === undefined ? {} : { start: protoTime(window.start) }),
    ...(window.end === undefined ? {} : { end: protoTime(window.end) }),
  };
}

/** Whether `at` lies in the window, ends included. */
export function isWithin(window: ValidityWindow, at: Date): boolean {
  return (window.start === undefined || window.start <= at) && (window.end === undefined || at <= window.end);
}

/** The trusted root as protojson. */
export function trustedRootJson(root: TrustedRoot): JsonObject {
  return {
    mediaType: TRUSTED_ROOT_MEDIA_TYPE,
    tlogs: root.tlogs.map(logJson),
    certificateAuthorities: root.certificateAuthorities.map(authorityJson),
    ctlogs: root.ctlogs.map(logJson),
    timestampAuthorities: root.timestampAuthorities.map(authorityJson),
  };
}

function logJson(log: TrustedLog): JsonObject {
  return {
    baseUrl: log.baseUrl,
    hashAlgorithm: log.hashAlgorithm,
    publicKey: {
      rawBytes: protoBytes(log.publicKey.rawBytes),
      keyDetails: log.publicKey.keyDetails,
      validFor: windowJson(log.publicKey.validFor),
    },
    logId: { keyId: protoBytes(log.logId) },
    ...(log.checkpointKeyId === undefined
      ? {}
      : { checkpointKeyId: { keyId: protoBytes(log.checkpointKeyId) } }),
    ...(log.operator === undefined ? {} : { operator: log.operator }),
  };
}

function authorityJson(authority: TrustedAuthority): JsonObject {
  return {
    subject: { ...authority.subject },
    uri: authority.uri,
    certChain: { certificates: authority.certificates.map((der) => ({ rawBytes: protoBytes(der) })) },
    validFor: windowJson(authority.validFor),
    ...(authority.operator === undefined ? {} : { operator: authority.operator }),
  };
}
