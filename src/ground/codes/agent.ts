// Error codes of the room `agent`: obtaining, keeping and handing over certificates where they are used.
import type { ErrorTable } from './shape.ts';

export const AGENT_CODES = {
  'SY-AGENT-CONFIG': {
    kind: 'usage',
    sentence: 'the agent’s configuration cannot be used',
    cause: 'a key is unknown or missing, or a value has the wrong type',
    next: 'mend the line that is named; `sealyard agent --check` reads the file and does nothing else',
  },
  'SY-AGENT-ACME': {
    kind: 'unreachable',
    sentence: 'the ACME server gave an answer that cannot be used',
    cause: 'it is no ACME server, or it answered an error that it did not explain',
    next: 'check the directory URL and the server',
  },
  'SY-AGENT-REFUSED': {
    kind: 'refused',
    sentence: 'the certificate was refused',
    cause: 'the server’s policy does not allow the names, the profile or the account, or a challenge failed',
    next: 'read what the server said; check names, binding and challenge',
  },
  'SY-AGENT-CHALLENGE': {
    kind: 'refused',
    sentence: 'the server wants a proof that this agent cannot give',
    cause: 'it offered no challenge of the kind that is configured, or none is configured',
    next: 'configure a challenge: http listener, webroot or dns command',
  },
  'SY-AGENT-CERTIFICATE': {
    kind: 'unreachable',
    sentence: 'the certificate that came back is not the one that was asked for',
    cause: 'it is for another key or other names, or it does not chain together',
    next: 'nothing was replaced; check the server',
  },
  'SY-AGENT-FILES': {
    kind: 'unreachable',
    sentence: 'the files of the certificate could not be written',
    cause: 'the folder is missing, full or read-only, or the owner does not exist',
    next: 'mend the folder; the certificate is kept in the agent’s state and written then',
  },
  'SY-AGENT-RELOAD': {
    kind: 'unreachable',
    sentence: 'the program that uses the certificate could not be told',
    cause: 'the command failed or took too long, the process is not there, or the address did not answer',
    next: 'reload it by hand; the files are in place',
  },
  'SY-AGENT-SERVED': {
    kind: 'unreachable',
    sentence: 'the program still serves another certificate',
    cause: 'it did not take the new files up',
    next: 'reload or restart it; check which files it reads',
  },
  'SY-AGENT-FAILING': {
    kind: 'negative',
    sentence: 'not every certificate is as it should be',
    cause: 'one could not be obtained, renewed, written or handed over',
    next: 'look at the certificates that are named, and at their last errors',
  },
  'SY-AGENT-STATE': {
    kind: 'unreachable',
    sentence: 'the agent’s state cannot be read or written',
    cause: 'the folder belongs to somebody else, is in use by another agent, or holds a damaged file',
    next: 'check the folder that is named',
  },
} as const satisfies ErrorTable;
