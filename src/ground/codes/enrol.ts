// Error codes of the room `enrol`: accounts, bindings, orders, authorizations, renewal windows.
import type { ErrorTable } from './shape.ts';

export const ENROL_CODES = {
  'SY-ENROL-NOT-FOUND': {
    kind: 'not-found',
    sentence: 'There is no such account, order, authorization, certificate or binding for this caller',
    cause: 'The address is wrong, the thing is another account’s, or it has expired and was cleared away.',
    next: 'Follow the addresses that the server gave; make a new order where the old one is gone.',
  },
  'SY-ENROL-UNAUTHORIZED': {
    kind: 'refused',
    sentence: 'The caller may not do this',
    cause: 'The account is deactivated, or neither it nor the key has a right to the certificate.',
    next: 'Use the account that ordered the certificate, the certificate’s key, or authorize all of its names first.',
  },
  'SY-ENROL-CONTACT': {
    kind: 'malformed',
    sentence: 'A contact of the account is not acceptable',
    cause:
      'Contacts are `mailto:` addresses without headers or lists, at most ten of at most 254 characters.',
    next: 'Give plain `mailto:` addresses, or none.',
  },
  'SY-ENROL-CONTACT-SCHEME': {
    kind: 'malformed',
    sentence: 'A contact of the account is of a kind that is not supported',
    cause: 'Only `mailto:` is.',
    next: 'Give `mailto:` addresses, or none.',
  },
  'SY-ENROL-KEY-IN-USE': {
    kind: 'conflict',
    sentence: 'Another account has this key already',
    cause: 'A key belongs to one account, and stays with it when the account is deactivated.',
    next: 'Make a fresh key for the change.',
  },
  'SY-ENROL-KEY-CHANGED': {
    kind: 'conflict',
    sentence: 'The account’s key was changed meanwhile',
    cause: 'The request was signed with a key that the account no longer has.',
    next: 'Sign with the present key.',
  },
  'SY-ENROL-BINDING-UNUSABLE': {
    kind: 'unauthenticated',
    sentence: 'The external account binding cannot be used',
    cause: 'Its key id is unknown or its key wrong, or it is revoked, has expired or has made its accounts.',
    next: 'Ask an operator for a new one (`sealyard account binding create`).',
  },
  'SY-ENROL-BINDING-REQUIRED': {
    kind: 'refused',
    sentence: 'A new account needs an external account binding here',
    cause: 'The yard makes accounts only for whom an operator has given a binding.',
    next: 'Ask an operator for one (`sealyard account binding create`) and give its key id and key to the client.',
  },
  'SY-ENROL-TERMS': {
    kind: 'refused',
    sentence: 'The terms of service were not agreed to',
    cause: 'The yard makes accounts only for whom agrees to the terms that its directory names.',
    next: 'Read them, and have the client agree.',
  },
  'SY-ENROL-BINDING-WRONG': {
    kind: 'malformed',
    sentence: 'That binding cannot be made',
    cause:
      'The policy names no such identity or environment, the uses are not 1 to 1,000,000, or its end is not within ten years.',
    next: 'Name an identity of the policy and bounds that make sense.',
  },
  'SY-ENROL-REJECTED': {
    kind: 'refused',
    sentence: 'The policy does not grant these names to the caller',
    cause: 'No `issue` rule of the policy covers them all for this identity and profile.',
    next: 'Read the reasons name by name; ask for less, or widen the rule that is named as nearest.',
  },
  'SY-ENROL-NAME': {
    kind: 'malformed',
    sentence: 'A name of the request is not acceptable',
    cause: 'It is empty, malformed, or of a kind that cannot be ordered here.',
    next: 'Give DNS names, addresses, URIs or mail addresses in their usual form.',
  },
  'SY-ENROL-NAME-NO-CHALLENGE': {
    kind: 'refused',
    sentence: 'Nothing can prove control of this name',
    cause:
      'No challenge that the policy allows works for its kind: wildcards need DNS, addresses need a connection.',
    next: 'Have the policy allow a challenge that fits, or grant the name to a bound identity.',
  },
  'SY-ENROL-WILDCARD': {
    kind: 'malformed',
    sentence: 'A wildcard cannot be authorized in advance',
    cause: 'RFC 8555 §7.4.1: pre-authorization is for exact names.',
    next: 'Put the wildcard into an order.',
  },
  'SY-ENROL-PROFILE': {
    kind: 'refused',
    sentence: 'That profile cannot be ordered',
    cause: 'The policy has no profile of that name for this caller, or it cannot be issued this way.',
    next: 'Choose one of those that the directory advertises.',
  },
  'SY-ENROL-ORDER-WRONG': {
    kind: 'malformed',
    sentence: 'The order cannot be made as asked',
    cause:
      'It names nothing, asks for times that do not fit the profile, or replaces something that is not the caller’s.',
    next: 'See the detail; leave out what is optional.',
  },
  'SY-ENROL-TOO-MANY-NAMES': {
    kind: 'malformed',
    sentence: 'The order names too many',
    cause: 'An order may hold 100 names.',
    next: 'Split it, or use a wildcard.',
  },
  'SY-ENROL-TOO-MANY-ORDERS': {
    kind: 'too-many',
    sentence: 'The account has too many unfinished orders',
    cause: 'Each unfinished order is kept until it ends or expires.',
    next: 'Finish or abandon some (deactivate their authorizations), or wait until they expire.',
  },
  'SY-ENROL-ALREADY-REPLACED': {
    kind: 'conflict',
    sentence: 'The certificate was replaced already',
    cause: 'RFC 9773 §5: another order replaces it.',
    next: 'Order without `replaces`.',
  },
  'SY-ENROL-ORDER-NOT-READY': {
    kind: 'refused',
    sentence: 'The order is not ready',
    cause: 'An authorization is missing, has expired or failed, or the order is finished.',
    next: 'Fetch the order and look at its status and its authorizations.',
  },
  'SY-ENROL-AUTHORIZATION-ENDED': {
    kind: 'malformed',
    sentence: 'The authorization is no longer pending',
    cause: 'It was decided, deactivated or has expired.',
    next: 'Make a new order.',
  },
  'SY-ENROL-CSR': {
    kind: 'malformed',
    sentence: 'The certificate request is not acceptable',
    cause: 'It cannot be read, its signature does not verify, or it asks for what cannot be had.',
    next: 'Make a fresh PKCS #10 request over the key.',
  },
  'SY-ENROL-CSR-NAMES': {
    kind: 'malformed',
    sentence: 'The names of the certificate request are not those of the order',
    cause: 'RFC 8555 §7.4: they must be the same set, the common name among them.',
    next: 'Make the request for exactly the names of the order.',
  },
  'SY-ENROL-ACCOUNT-KEY': {
    kind: 'malformed',
    sentence: 'The certificate request is for the account’s own key',
    cause: 'RFC 8555 §11.1: a certificate’s key must not be an account’s.',
    next: 'Make a key of its own for the certificate.',
  },
  'SY-ENROL-CAA': {
    kind: 'refused',
    sentence: 'CAA records forbid the certificate, or could not be read',
    cause: 'The name’s zone names other authorities (RFC 8659), or its name servers did not answer.',
    next: 'Add a CAA record for this authority’s domain, or have the policy not ask.',
  },
  'SY-ENROL-VALIDATION-BROKEN': {
    kind: 'internal',
    sentence: 'The validation broke off',
    cause: 'Something went wrong on our side; it is tried again.',
    next: 'Wait for the next attempt; tell the operator where it goes on.',
  },
  'SY-ENROL-EXPIRED': {
    kind: 'refused',
    sentence: 'The order or authorization has expired',
    cause: 'It was not finished in time.',
    next: 'Make a new order.',
  },
  'SY-ENROL-DEACTIVATED': {
    kind: 'refused',
    sentence: 'The account or authorization was deactivated',
    cause: 'Its holder ended it.',
    next: 'Make a new account or order.',
  },
  'SY-ENROL-RATE-LIMITED': {
    kind: 'too-many',
    sentence: 'Too many requests of this kind',
    cause: 'A limit on the account, identity, name or address is reached.',
    next: 'Wait as long as `Retry-After` says.',
  },
  'SY-ENROL-PAUSED': {
    kind: 'too-many',
    sentence: 'The account is paused, since nothing that it asked for worked',
    cause: 'Its validations failed many times in a row.',
    next: 'Fix what fails, then have an operator run `sealyard account unpause`, or wait as long as `Retry-After` says.',
  },
  'SY-ENROL-CAMPAIGN': {
    kind: 'malformed',
    sentence: 'That renewal campaign cannot be started',
    cause: 'Its time or explanation is malformed, or 100 campaigns are under way.',
    next: 'See the detail; end campaigns that are over.',
  },
  'SY-ENROL-CERTIFICATE-ID': {
    kind: 'malformed',
    sentence: 'That is no certificate identifier',
    cause:
      'RFC 9773 §4.1: the authority key identifier and the serial in base64url, with a dot between them.',
    next: 'Derive it from the certificate.',
  },
} as const satisfies ErrorTable;
