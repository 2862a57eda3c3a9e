// Error codes of the command line.
import type { ErrorTable } from './shape.ts';

export const CLI_CODES = {
  'SY-CLI-USAGE': {
    kind: 'usage',
    sentence: 'the command cannot be understood',
    cause: 'an argument or option is missing, unknown or has the wrong form',
    next: 'run the command with --help; it shows examples',
  },
  'SY-CLI-FILE': {
    kind: 'usage',
    sentence: 'a file named on the command line cannot be read or written',
    cause: 'it does not exist, is too large, or its permissions forbid it',
    next: 'check the path and its permissions',
  },
  'SY-CLI-NO-YARD': {
    kind: 'usage',
    sentence: 'no yard was named and none is known here',
    cause: 'neither --server nor a data directory of a running yard was found',
    next: 'start one with `npm start` (or `sealyard up`), or name it with --server URL and --trust FILE',
  },
  'SY-CLI-NO-TRUST': {
    kind: 'usage',
    sentence: 'no trust material is known for this verification',
    cause: 'neither --trust nor a data directory with a trusted_root.json was found',
    next: 'get it with `sealyard trust export --trusted-root --out trusted_root.json` and name it with --trust',
  },
  'SY-CLI-NO-TOKEN': {
    kind: 'usage',
    sentence: 'no identity token was found for signing',
    cause: 'this is not a CI job that offers one, and no --token-file was given',
    next: 'name a file with --token-file, or mint a development token with `sealyard token ci SUBJECT --out FILE`',
  },
  'SY-CLI-AMBIENT-TOKEN': {
    kind: 'unreachable',
    sentence: 'the CI platform did not give this job an identity token',
    cause: 'the token endpoint of the platform answered with an error or not at all',
    next: 'check the job permission for identity tokens (GitHub: `permissions: id-token: write`)',
  },
  'SY-CLI-ADMIN-TOKEN': {
    kind: 'unauthenticated',
    sentence: 'this command needs an administrator token of the yard',
    cause: 'no token was given and the data directory holds none that still counts',
    next: 'give one with --token-file, or run on the machine of the yard with --data DIR',
  },
  'SY-CLI-YARD-ANSWER': {
    kind: 'unreachable',
    sentence: 'the yard gave an answer that this program does not understand',
    cause: 'something else listens there, or it is of another version',
    next: 'check --server, and that the yard and this program are of the same version',
  },
  'SY-CLI-YARD-UNREACHABLE': {
    kind: 'unreachable',
    sentence: 'the yard could not be reached',
    cause:
      'it is not running, the address is wrong, or its certificate is not from the root that is known here',
    next: 'check that it runs, --server, and --data (whose roots.pem is trusted)',
  },
  'SY-CLI-NOT-EMPTY': {
    kind: 'conflict',
    sentence: 'the target exists already and is not empty',
    cause: 'this command never overwrites what is there',
    next: 'name a new path',
  },
  'SY-TOUR-FAILED': {
    kind: 'internal',
    sentence: 'a step of the tour did not end as it should',
    cause: 'the signed image was refused, or its unsigned twin was admitted',
    next: 'run `sealyard tour --keep DIR` again and report what it prints',
  },
} as const satisfies ErrorTable;
