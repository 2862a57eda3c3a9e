// The payloads of requests (RFC 8555 §7, RFC 8738, RFC 9773, draft-ietf-acme-profiles): only what we know is read, the rest ignored.
import type { NewOrder } from '../../enrol/enrolment.ts';
import { EnrolError, type EnrolProblem } from '../../enrol/problem.ts';
import { REASON_CODES, type RevocationReason, reasonOfCode } from '../../formats/x509/crl-reasons.ts';
import { fromBase64Url } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import { canonicalName } from '../../issue/names.ts';
import type { RequestedName } from '../../policy/issuance.ts';
import type { SignedRequest } from './request.ts';

/** Read before they are counted by enrolment, so that a hostile order costs little. */
const MAX_IDENTIFIERS = 1000;
const MAX_CONTACTS = 100;
const MAX_TEXT = 1024;
/** RFC 3339 §5.6, upper case; the calendar is checked when it is read. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** @throws SealyardError `SY-ACME-MALFORMED` for POST-as-GET where something is asked for */
export function payloadOf({ payload }: SignedRequest): JsonObject {
  if (payload === undefined) throw malformed('the payload is empty');
  return payload;
}

/** @throws SealyardError `SY-ACME-MALFORMED` where a payload stands that would have no effect (RFC 8555 §6.3) */
export function requirePostAsGet({ payload }: SignedRequest): void {
  if (payload !== undefined)
    throw malformed('this is fetched by POST-as-GET: the payload is the empty string');
}

/** RFC 8555 §7.3.6, §7.5.2: whether the payload ends what it is sent to. */
export function asksForDeactivation(payload: JsonObject): boolean {
  return payload['status'] === 'deactivated';
}

export interface AccountFields {
  readonly contacts: readonly string[] | undefined;
  readonly termsAgreed: boolean;
  readonly onlyReturnExisting: boolean;
  readonly binding: Json | undefined;
}

/** RFC 8555 §7.3. @throws SealyardError `SY-ACME-MALFORMED` */
export function readAccountFields(payload: JsonObject): AccountFields {
  return {
    contacts: readContacts(payload['contact']),
    termsAgreed: optionalBoolean(payload, 'termsOfServiceAgreed'),
    onlyReturnExisting: optionalBoolean(payload, 'onlyReturnExisting'),
    binding: payload['externalAccountBinding'] ?? undefined,
  };
}

/** @throws SealyardError `SY-ACME-MALFORMED` */
export function readContacts(contact: Json | undefined): readonly string[] | undefined {
  // Some clients write null for what they do not have.
  if (contact === undefined || contact === null) return undefined;
  if (!Array.isArray(contact) || contact.length > MAX_CONTACTS)
    throw malformed('contact is not a short array');
  return contact.map((value: Json) => {
    if (typeof value !== 'string' || value.length > MAX_TEXT)
      throw malformed('a contact is not a short string');
    return value;
  });
}

/**
 * RFC 8555 §7.4.
 * @throws SealyardError `SY-ACME-MALFORMED`, `SY-ACME-IDENTIFIER-TYPE`, EnrolError `SY-ENROL-NAME`,
 *   `SY-ENROL-TOO-MANY-NAMES`
 */
export function readNewOrder(payload: JsonObject): Omit<NewOrder, 'environment'> {
  const profile = optionalText(payload, 'profile');
  const replaces = optionalText(payload, 'replaces');
  const notBefore = optionalTime(payload, 'notBefore');
  const notAfter = optionalTime(payload, 'notAfter');
  return {
    identifiers: readIdentifiers(payload['identifiers']),
    ...(profile === undefined ? {} : { profile }),
    ...(replaces === undefined ? {} : { replaces }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  };
}

/** RFC 8555 §7.4.1. @throws as `readNewOrder` */
export function readIdentifier(value: Json | undefined): RequestedName {
  const [name] = readIdentifiers(value === undefined ? undefined : [value]);
  if (name === undefined) throw malformed('identifier is missing');
  return name;
}

function readIdentifiers(value: Json | undefined): readonly RequestedName[] {
  if (!Array.isArray(value) || value.length === 0)
    throw malformed('identifiers is not a list of at least one');
  if (value.length > MAX_IDENTIFIERS) throw new SealyardError('SY-ENROL-TOO-MANY-NAMES', `${value.length}`);
  const names: RequestedName[] = [];
  const problems: EnrolProblem[] = [];
  for (const item of value) {
    const { type, text } = identifierMembers(item);
    const name = nameOrNothing(type, text);
    if (name !== undefined) names.push(name);
    else
      problems.push({
        code: 'SY-ENROL-NAME',
        detail: `not a ${type} name`,
        identifier: { type, value: text },
      });
  }
  if (problems.length > 0)
    throw new EnrolError('SY-ENROL-NAME', `${problems.length} of ${value.length}`, { subproblems: problems });
  return names;
}

function identifierMembers(item: Json): { type: 'dns' | 'ip'; text: string } {
  if (!isObject(item)) throw malformed('an identifier is not an object');
  const { type, value } = item;
  if (typeof type !== 'string' || typeof value !== 'string' || value.length > MAX_TEXT)
    throw malformed('an identifier has no type or no value of bounded length');
  if (type !== 'dns' && type !== 'ip') throw new SealyardError('SY-ACME-IDENTIFIER-TYPE');
  return { type, text: value };
}

function nameOrNothing(type: 'dns' | 'ip', text: string): RequestedName | undefined {
  try {
    return canonicalName(type, text);
  } catch (error) {
    if (isSealyardError(error, 'SY-ISSUE-NAME')) return undefined;
    throw error;
  }
}

/** DER in base64url (RFC 8555 §7.4, §7.6). @throws SealyardError `SY-ACME-MALFORMED` */
export function readDerMember(payload: JsonObject, name: string): Uint8Array {
  const text = payload[name];
  const der = typeof text === 'string' ? fromBase64Url(text) : undefined;
  if (der === undefined || der.length === 0) throw malformed(`${name} is not DER in base64url`);
  return der;
}

/** What a subscriber may say: the rest is for authorities, or for holding and releasing. */
const SUBSCRIBER_REASONS: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
];

/** RFC 8555 §7.6, RFC 5280 §5.3.1. @throws SealyardError `SY-ACME-MALFORMED`, `SY-ACME-REVOCATION-REASON` */
export function readReason(payload: JsonObject): RevocationReason {
  const code = payload['reason'];
  if (code === undefined || code === null) return 'unspecified';
  if (typeof code !== 'number' || !Number.isInteger(code)) throw malformed('reason is not an integer');
  const reason = reasonOfCode(code);
  if (reason !== undefined && SUBSCRIBER_REASONS.includes(reason)) return reason;
  const allowed = SUBSCRIBER_REASONS.map((name) => `${REASON_CODES[name]} ${name}`).join(', ');
  throw new SealyardError('SY-ACME-REVOCATION-REASON', `allowed are ${allowed}`);
}

function optionalText(payload: JsonObject, name: string): string | undefined {
  const value = payload[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || value.length > MAX_TEXT) throw malformed(`${name} is not a short string`);
  return value;
}

function optionalBoolean(payload: JsonObject, name: string): boolean {
  const value = payload[name];
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw malformed(`${name} is not a boolean`);
  return value;
}

function optionalTime(payload: JsonObject, name: string): Date | undefined {
  const text = optionalText(payload, name);
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!TIMESTAMP.test(text) || Number.isNaN(time.getTime()))
    throw malformed(`${name} is not an RFC 3339 time`);
  return time;
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-ACME-MALFORMED', detail);
}
