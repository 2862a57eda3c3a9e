// Renewal information (RFC 9773): when each certificate should be renewed, spread so that a fleet does not come at once.
import { createHash } from 'node:crypto';
import { equalBytes, toHex, toUtf8 } from '../ground/bytes.ts';
import type { Row } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import type { JsonObject } from '../ground/json.ts';
import { parseCertificateId } from './certificate-id.ts';
import type { EnrolDeps } from './deps.ts';
import type { Campaign, Renewal, RenewalWindow } from './enrolment.ts';
import { EnrolError } from './problem.ts';
import { type RecordedCertificate, recordedCertificate } from './replacements.ts';
import { integerOf, integerOrNone, textOf, textOrNone } from './row.ts';
import { CAMPAIGNS } from './tables.ts';

type Needs = Pick<EnrolDeps, 'records' | 'commit' | 'clock' | 'random' | 'config' | 'isRevoked'>;

/** The window is this part of the life, somewhere in the last third and before the last twelfth. */
const WINDOW_PART = 1 / 12;
const LATEST_END_PART = 11 / 12;
const FIRST_START_PART = 2 / 3;
const MOST_CAMPAIGNS = 100;
const LONGEST_URL = 1024;

export function createRenewal(needs: Needs): Renewal {
  return {
    window: (certificateId) => windowOf(needs, certificateId),
    startCampaign: (request) => startCampaign(needs, request),
    campaigns: () => activeCampaigns(needs),
    endCampaign: (id, actor) => endCampaign(needs, id, actor),
  };
}

function windowOf(needs: Needs, certificateId: string): RenewalWindow {
  const { keyId, serial } = parseCertificateId(certificateId);
  const recorded = recordedCertificate(needs, serial);
  const stated = recorded?.certificate.authorityKeyId;
  if (recorded === undefined || stated === undefined || !equalBytes(stated, keyId))
    throw new EnrolError('SY-ENROL-NOT-FOUND', 'certificate');
  const retryAfterSeconds = needs.config.renewalPollSeconds;
  if (needs.isRevoked(recorded.serial))
    return { ...pastWindow(recorded, needs.clock.now()), retryAfterSeconds };
  const campaign = activeCampaigns(needs).find((each) => concerns(each, recorded));
  if (campaign === undefined) return { ...usualWindow(recorded), retryAfterSeconds };
  const { explanationUrl } = campaign;
  return {
    ...pastWindow(recorded, needs.clock.now()),
    retryAfterSeconds,
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
  };
}

/** Last third of the life; the place in it follows from the serial, so that it is the same at every look. */
export function usualWindow({ certificate, serial }: Pick<RecordedCertificate, 'certificate' | 'serial'>): {
  start: Date;
  end: Date;
} {
  const startMs = certificate.notBefore.getTime();
  const lifeMs = certificate.notAfter.getTime() - startMs;
  const room = LATEST_END_PART - WINDOW_PART - FIRST_START_PART;
  const start = startMs + lifeMs * (FIRST_START_PART + room * fractionOf(serial));
  return { start: wholeSecond(start), end: wholeSecond(start + lifeMs * WINDOW_PART) };
}

/** RFC 9773 §4.2: "renew immediately" is a window that has passed. */
function pastWindow({ certificate }: RecordedCertificate, now: Date): { start: Date; end: Date } {
  const end = wholeSecond(Math.min(certificate.notBefore.getTime(), now.getTime()));
  return { start: wholeSecond(end.getTime() - 1000), end };
}

/** 0 to 1, spread evenly over serials: those made together have much in common. */
function fractionOf(serial: string): number {
  return createHash('sha256').update(toUtf8(serial)).digest().readUInt32BE(0) / 2 ** 32;
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function concerns({ authority, profile, issuedBefore }: Campaign, { row }: RecordedCertificate): boolean {
  return (
    (authority === undefined || row['authority'] === authority) &&
    (profile === undefined || row['profile'] === profile) &&
    integerOf(row, 'created_ms') < issuedBefore.getTime()
  );
}

function activeCampaigns({ records }: Needs): readonly Campaign[] {
  return records.find(CAMPAIGNS, { where: { ended_ms: null }, limit: MOST_CAMPAIGNS }).map(campaignOf);
}

function campaignOf(row: Row): Campaign {
  const [authority, profile] = [textOrNone(row, 'authority'), textOrNone(row, 'profile')];
  const explanationUrl = textOrNone(row, 'explanation_url');
  return {
    id: textOf(row, 'id'),
    ...(authority === undefined ? {} : { authority }),
    ...(profile === undefined ? {} : { profile }),
    issuedBefore: new Date(integerOf(row, 'issued_before_ms')),
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
    createdAt: new Date(integerOf(row, 'created_ms')),
    createdBy: textOf(row, 'created_by'),
  };
}

async function startCampaign(
  needs: Needs,
  request: Parameters<Renewal['startCampaign']>[0],
): Promise<Campaign> {
  const { authority, profile, issuedBefore, explanationUrl, actor } = request;
  if (explanationUrl !== undefined && !isHttpUrl(explanationUrl))
    throw new EnrolError('SY-ENROL-CAMPAIGN', 'the explanation is an http or https URL');
  if (Number.isNaN(issuedBefore.getTime())) throw new EnrolError('SY-ENROL-CAMPAIGN', 'issuedBefore');
  if (activeCampaigns(needs).length >= MOST_CAMPAIGNS)
    throw new EnrolError('SY-ENROL-CAMPAIGN', `${MOST_CAMPAIGNS} campaigns are under way`);
  const now = needs.clock.now();
  const row: Row = {
    id: toHex(needs.random.bytes(8)),
    authority: authority ?? null,
    profile: profile ?? null,
    issued_before_ms: issuedBefore.getTime(),
    explanation_url: explanationUrl ?? null,
    created_ms: now.getTime(),
    created_by: actor.kind === 'system' ? 'system' : actor.id,
    ended_ms: null,
  };
  const data: JsonObject = {
    ...(authority === undefined ? {} : { authority }),
    ...(profile === undefined ? {} : { profile }),
    issuedBefore: issuedBefore.toISOString(),
  };
  await needs.commit({
    puts: [{ table: CAMPAIGNS, mode: 'insert', row }],
    events: [eventOf('campaign.started', textOf(row, 'id'), actor, now, data)],
  });
  return campaignOf(row);
}

function isHttpUrl(text: string): boolean {
  return text.length <= LONGEST_URL && /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

async function endCampaign(needs: Needs, id: string, actor: Actor): Promise<void> {
  const row = needs.records.get(CAMPAIGNS, { id });
  if (row === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'campaign');
  if (integerOrNone(row, 'ended_ms') !== undefined) return;
  const now = needs.clock.now();
  await needs.commit({
    puts: [{ table: CAMPAIGNS, mode: 'replace', row: { ...row, ended_ms: now.getTime() } }],
    events: [eventOf('campaign.ended', id, actor, now, {})],
  });
}

function eventOf(
  action: 'campaign.started' | 'campaign.ended',
  id: string,
  actor: Actor,
  at: Date,
  data: JsonObject,
): Event {
  return { timeMs: at.getTime(), action, actor, object: { type: 'campaign', id }, outcome: 'done', data };
}
