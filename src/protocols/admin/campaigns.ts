// Renewal campaigns on the admin API: have many certificates renewed before their time (RFC 9773).
import type { Campaign } from '../../enrol/enrolment.ts';
import type { JsonObject } from '../../ground/json.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { Caller } from './caller.ts';
import type { AdminDeps } from './deps.ts';
import { readBody } from './messages.ts';
import type { Endpoint } from './routes.ts';

export const CAMPAIGN_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/admin/v1/renewal-campaigns',
    summary: 'tell clients to renew now what was issued before a time, by an authority or with a profile',
    role: 'operator',
    body: {
      issuedBefore: { type: 'string', required: false },
      authority: { type: 'string', required: false },
      profile: { type: 'string', required: false },
      explanationUrl: { type: 'string', required: false },
    },
    status: 201,
    handle: startCampaign,
  },
  {
    method: 'GET',
    path: '/admin/v1/renewal-campaigns',
    summary: 'the campaigns under way',
    role: 'viewer',
    status: 200,
    handle: (_request, _caller, deps) =>
      jsonReply(200, { campaigns: deps.enrolment.renewal.campaigns().map(campaignJson) }),
  },
  {
    method: 'DELETE',
    path: '/admin/v1/renewal-campaigns/:id',
    summary: 'end a campaign',
    role: 'operator',
    status: 200,
    handle: async (request, caller, deps) => {
      const id = request.params['id'] ?? '';
      await deps.enrolment.renewal.endCampaign(id, caller.actor);
      return jsonReply(200, { id });
    },
  },
];

async function startCampaign(request: DoorRequest, caller: Caller, deps: AdminDeps): Promise<DoorReply> {
  const body = readBody(request, ['issuedBefore', 'authority', 'profile', 'explanationUrl']);
  const [authority, profile] = [body.optionalText('authority', 64), body.optionalText('profile', 64)];
  const explanationUrl = body.optionalText('explanationUrl', 1024);
  const campaign = await deps.enrolment.renewal.startCampaign({
    issuedBefore: body.optionalTime('issuedBefore') ?? deps.clock.now(),
    actor: caller.actor,
    ...(authority === undefined ? {} : { authority }),
    ...(profile === undefined ? {} : { profile }),
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
  });
  return jsonReply(201, campaignJson(campaign));
}

function campaignJson({ issuedBefore, createdAt, ...rest }: Campaign): JsonObject {
  return { ...rest, issuedBefore: issuedBefore.toISOString(), createdAt: createdAt.toISOString() };
}
