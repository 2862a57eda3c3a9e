// `sealyard revoke` and `sealyard revoke release`: what a selection hits is shown before it is done.
import { statSync } from 'node:fs';
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { keyFingerprint, serialsOfFile } from '../revoke/files.ts';
import { hitsText, listOf, numberOf } from '../revoke/render.ts';
import { askAdmin } from '../yard.ts';

const REVOCATIONS = '/admin/v1/revocations';

interface RevokeFlags {
  readonly reason: string;
  readonly key?: readonly string[];
  readonly identity?: string;
  readonly name?: string;
  readonly authority?: string;
  readonly profile?: string;
  readonly from?: string;
  readonly until?: string;
  readonly invalidSince?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const revokeCommand: CommandSpec = {
  name: 'revoke',
  summary: 'end certificates before their time; release a hold',
  description: 'revokes certificates; OCSP says so at once, the CRL of their shard within a second or two',
  examples: [
    'sealyard revoke 0b98:6b05:…                              by serial, as openssl prints it',
    'sealyard revoke api.pem --reason superseded               the certificates of a file',
    'sealyard revoke --key leaked.pem --reason keyCompromise   everything with this key, which is blocked from now on',
    'sealyard revoke --identity shop-deployer --from 2026-11-20T00:00:00Z --dry-run',
    'sealyard revoke sha256:…                                  whose signatures over this image are in the log',
    'sealyard revoke 0b98… --reason certificateHold            for a while; ends with:',
    'sealyard revoke release 0b98…',
  ],
  define(command, run) {
    command
      .argument('[ref...]', 'serials, certificate files, or the digest of an image')
      .option('--key <file...>', 'PEM of a key, certificate or request: everything with this key')
      .option('--identity <name>', 'of the policy, or the requester as recorded')
      .option('--name <name>', 'a name in the certificates, e.g. api.example.com')
      .option('--authority <id>', 'issued by this authority')
      .option('--profile <name>', 'issued with this profile')
      .option('--from <time>', 'issued at or after, e.g. 2026-11-20T00:00:00Z')
      .option('--until <time>', 'issued before')
      .option(
        '--reason <reason>',
        'of RFC 5280, e.g. keyCompromise, superseded, certificateHold',
        'unspecified',
      )
      .option('--invalid-since <time>', 'when the key is known or suspected to have leaked')
      .option('--dry-run', 'show what it hits and change nothing')
      .option('--yes', 'do not stop where more than one certificate is hit')
      .action(run(revokeSelected));
    command
      .command('release <serial>')
      .description('ends a hold: the certificate is good again')
      .action(run(release));
  },
};

async function revokeSelected(
  context: CliContext,
  refs: readonly string[],
  flags: RevokeFlags,
): Promise<ExitStatus> {
  const selection = selectionOf(refs.flat(), flags);
  const found = await askAdmin(context, 'POST', `${REVOCATIONS}/preview`, selection);
  const total = numberOf(found, 'total');
  const left = total - numberOf(found, 'revokedBefore');
  if (flags.dryRun === true) {
    const certificates = listOf(found, 'certificates');
    context.output.result({ code: 'SY-OK', dryRun: true, total, certificates }, hitsText(found));
    return total === 0 ? EXIT.no : EXIT.done;
  }
  if (total === 0) throw new SealyardError('SY-REVOKE-UNKNOWN', 'nothing is hit');
  if (left > 1 && flags.yes !== true) {
    context.output.say(hitsText(found));
    throw new SealyardError('SY-CLI-USAGE', `${left} certificates would be revoked: say --yes`);
  }
  return revokeAll(context, {
    ...selection,
    reason: flags.reason,
    ...(flags.invalidSince === undefined ? {} : { invalidityDate: flags.invalidSince }),
  });
}

/** One call revokes a bounded number; the rest follows in further ones. */
async function revokeAll(context: CliContext, request: JsonObject): Promise<ExitStatus> {
  let count = 0;
  const revoked: Json[] = [];
  const sameKey: Json[] = [];
  for (;;) {
    const answer = await askAdmin(context, 'POST', REVOCATIONS, request);
    count += numberOf(answer, 'count');
    revoked.push(...listOf(answer, 'revoked'));
    sameKey.push(...listOf(answer, 'sameKey'));
    if (!isObject(answer) || answer['more'] !== true) break;
    context.output.say(`${count} so far`);
  }
  const others = sameKey.length === 0 ? '' : `; ${sameKey.length} of them for their key`;
  const text = `${count} ${count === 1 ? 'certificate is' : 'certificates are'} revoked${others}`;
  context.output.result({ code: 'SY-OK', count, revoked, sameKey }, text);
  return EXIT.done;
}

async function release(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const serial = args[0] ?? '';
  await askAdmin(context, 'POST', `${REVOCATIONS}/release`, { serial });
  context.output.result({ code: 'SY-OK', serial }, `${serial} is released`);
  return EXIT.done;
}

/** @throws SealyardError `SY-CLI-USAGE`, `SY-CLI-FILE`, and what reading certificates and keys throws */
function selectionOf(refs: readonly string[], flags: RevokeFlags): JsonObject {
  const digests = refs.filter((ref) => ref.startsWith('sha256:'));
  if (digests.length > 1) throw new SealyardError('SY-CLI-USAGE', 'one digest at a time');
  const serials = refs.filter((ref) => !ref.startsWith('sha256:')).flatMap(serialsOf);
  const { identity, name, authority, profile, from, until } = flags;
  const texts = { identity, name, authority, profile, from, until, digest: digests[0] };
  const selection: JsonObject = {
    ...(serials.length === 0 ? {} : { serials }),
    ...(flags.key === undefined ? {} : { keys: flags.key.map(keyFingerprint) }),
    ...Object.fromEntries(Object.entries(texts).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]]))),
  };
  if (Object.keys(selection).length === 0)
    throw new SealyardError('SY-CLI-USAGE', 'name a serial, a file, or what the certificates have in common');
  return selection;
}

/** A file of that name goes before a serial: hexadecimal digits are a poor name for a file. */
function serialsOf(ref: string): readonly string[] {
  if (statSync(ref, { throwIfNoEntry: false })?.isFile() === true) return serialsOfFile(ref);
  const serial = ref.toLowerCase().replaceAll(':', '').replace(/^0x/, '');
  if (!/^[0-9a-f]{1,40}$/.test(serial))
    throw new SealyardError('SY-CLI-USAGE', `${ref} is neither a file nor a serial in hex`);
  return [serial.length % 2 === 0 ? serial : `0${serial}`];
}
