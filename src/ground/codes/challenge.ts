// Error codes of the room `challenge`.
import type { ErrorTable } from './shape.ts';

export const CHALLENGE_CODES = {
  'SY-CHALLENGE-CONFIGURATION': {
    kind: 'usage',
    sentence: 'the settings for validating challenges cannot be used',
    cause:
      'a resolver is not host:port with an IP address, a network is not in CIDR form, or a port is out of range',
    next: 'correct the setting that the message names',
  },
  'SY-CHALLENGE-UNSUPPORTED': {
    kind: 'refused',
    sentence: 'this kind of challenge cannot prove control of this identifier',
    cause: 'wildcard names need a DNS challenge and IP addresses need http-01 or tls-alpn-01',
    next: 'answer another challenge of the same authorization',
  },
  'SY-CHALLENGE-DNS': {
    kind: 'unreachable',
    sentence: 'the DNS look-up for the challenge failed',
    cause: 'the name server answered with an error, did not answer in time, or its answer could not be read',
    next: 'check the name servers of the domain (and its DNSSEC), then try again',
  },
  'SY-CHALLENGE-NAME-UNKNOWN': {
    kind: 'negative',
    sentence: 'the name has no address record',
    cause: 'the name does not exist, or has neither an A nor an AAAA record',
    next: 'publish an A or AAAA record that leads to the server answering the challenge, then try again',
  },
  'SY-CHALLENGE-ADDRESS-REFUSED': {
    kind: 'refused',
    sentence: 'the name leads to an address that challenges may not reach',
    cause: 'every address lies in a loopback, private, link-local, metadata or reserved network',
    next: 'correct the address record; where the network is meant, name it among the allowed networks',
  },
  'SY-CHALLENGE-CONNECTION': {
    kind: 'unreachable',
    sentence: 'the server for the challenge could not be reached or broke off',
    cause: 'nothing listens on the port, a firewall is between, or the connection was closed early',
    next: 'make the port reachable from here, then try again',
  },
  'SY-CHALLENGE-TIMEOUT': {
    kind: 'timeout',
    sentence: 'the challenge was not answered in time',
    cause: 'the server or the network between is slow, or a firewall drops packets',
    next: 'check that the server can be reached from here and answers quickly, then try again',
  },
  'SY-CHALLENGE-REDIRECT': {
    kind: 'refused',
    sentence: 'the server redirects the challenge to where it is not followed',
    cause:
      'too many redirects, a loop, another scheme than http and https, another port, or credentials in the URL',
    next: 'answer /.well-known/acme-challenge/ directly, or redirect to the usual http or https port',
  },
  'SY-CHALLENGE-RESPONSE': {
    kind: 'negative',
    sentence: 'the server did not answer the challenge with a file',
    cause: 'the status is not 200, the answer is too large, compressed, or not proper HTTP',
    next: 'serve the key authorization as plain text at the address in the message, then try again',
  },
  'SY-CHALLENGE-MISMATCH': {
    kind: 'negative',
    sentence: 'the answer to the challenge is not the expected one',
    cause: 'another server, an old file or record, or another account answered',
    next: 'put the value of this challenge and this account in place, then ask for a new challenge',
  },
  'SY-CHALLENGE-RECORD-MISSING': {
    kind: 'negative',
    sentence: 'the TXT record of the challenge was not found',
    cause: 'it was not published, not under this name, or has not reached all name servers yet',
    next: 'publish the record at the name in the message, wait until all name servers have it, then try again',
  },
  'SY-CHALLENGE-RECORD-EXPIRED': {
    kind: 'negative',
    sentence: 'the persistent validation record has expired',
    cause: 'its persistUntil lies in the past',
    next: 'publish the record with a later persistUntil, or without one',
  },
  'SY-CHALLENGE-TLS': {
    kind: 'unreachable',
    sentence: 'the TLS handshake of the challenge failed',
    cause: 'the server does not speak acme-tls/1 (RFC 8737), no TLS 1.2, or refused the name',
    next: 'make the server on the port answer ALPN acme-tls/1 for this name',
  },
  'SY-CHALLENGE-CERTIFICATE': {
    kind: 'negative',
    sentence: 'the certificate that answered the challenge is not the expected one',
    cause:
      'it is not self-signed, names anything but the identifier, or its acmeIdentifier extension is missing, not critical or different',
    next: 'make the server present the challenge certificate of this order (RFC 8737 section 3)',
  },
  'SY-CHALLENGE-PERSPECTIVES': {
    kind: 'negative',
    sentence: 'the challenge was not confirmed from enough points of view',
    cause:
      'resolvers disagree: a record has not reached all name servers, or somebody is tampering with routes or DNS',
    next: 'wait until all name servers answer alike, then try again',
  },
  'SY-CHALLENGE-CAA-FORBIDDEN': {
    kind: 'refused',
    sentence: 'a CAA record forbids issuance',
    cause:
      'the domain names other authorities, another account or another method, or holds an unknown critical tag',
    next: 'add a CAA record that names this authority, or use the account and method that it names',
  },
  'SY-CHALLENGE-CAA-UNKNOWN': {
    kind: 'unreachable',
    sentence: 'whether CAA records allow issuance could not be found out',
    cause: 'a name server of the domain, or of a domain above it, answered with an error or not at all',
    next: 'check that the name servers answer questions for CAA records, then try again',
  },
} as const satisfies ErrorTable;
