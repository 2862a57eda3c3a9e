// Error codes of the room `reach`.
import type { ErrorTable } from './shape.ts';

export const REACH_CODES = {
  'SY-REACH-URL': {
    kind: 'usage',
    sentence: 'the address cannot be used',
    cause:
      'it is not an http or https URL, holds a user name or password, or spells an IP address in an unusual way',
    next: 'write the address as https://host[:port]/path, with the host as a name or a plain IP address',
  },
  'SY-REACH-ADDRESS-REFUSED': {
    kind: 'refused',
    sentence: 'the host lies in a network that this call may not reach',
    cause: 'the name resolves to a loopback, private, link-local or reserved address',
    next: 'check the name; where the host is meant, allow its kind of network in the configuration',
  },
  'SY-REACH-NAME-UNKNOWN': {
    kind: 'unreachable',
    sentence: 'the host name could not be resolved',
    cause: 'the name does not exist or the name server did not answer',
    next: 'check the name and the DNS of this machine',
  },
  'SY-REACH-DNS': {
    kind: 'unreachable',
    sentence: 'the DNS look-up failed',
    cause: 'no resolver answered in time, or the answer was an error or could not be read',
    next: 'check the resolvers of this machine and the name servers of the domain, then try again',
  },
  'SY-REACH-NETWORK': {
    kind: 'usage',
    sentence: 'the network is not written in CIDR form',
    cause: 'the address or the length of the prefix is missing or wrong',
    next: 'write the network as 10.20.0.0/16 or fd12::/48',
  },
  'SY-REACH-FAILED': {
    kind: 'unreachable',
    sentence: 'the host could not be reached or broke off',
    cause: 'nothing listens there, a firewall is between, or the answer was not proper HTTP',
    next: 'check that the host is up and can be reached from here, then try again',
  },
  'SY-REACH-TLS': {
    kind: 'unreachable',
    sentence: 'the TLS certificate of the host is not trusted',
    cause: 'it is expired, names another host, or was issued by an authority that is not trusted here',
    next: 'check the certificate; give the right roots where the host has an authority of its own',
  },
  'SY-REACH-TIMEOUT': {
    kind: 'timeout',
    sentence: 'the host did not answer in time',
    cause: 'the host or the network is slow',
    next: 'try again later',
  },
  'SY-REACH-TOO-LARGE': {
    kind: 'unreachable',
    sentence: 'the host answered with more than is read',
    cause: 'the answer exceeds the bound for this kind of request',
    next: 'check that the address is the right one',
  },
  'SY-REACH-REDIRECT': {
    kind: 'unreachable',
    sentence: 'the host redirected to where this call does not follow',
    cause:
      'too many redirects, a redirect from https to http, or of a request that must not be repeated elsewhere',
    next: 'use the address that the host redirects to, if it is the right one',
  },
  'SY-REACH-STATUS': {
    kind: 'unreachable',
    sentence: 'the host answered with an unexpected status',
    cause: 'the host does not offer this service or refuses the request',
    next: 'check the address; the status says what the host thinks is wrong',
  },
} as const satisfies ErrorTable;
