// The room put together: one `Enrolment` a process.
import { ordersOf } from './account-orders.ts';
import { createAccounts } from './accounts.ts';
import { Archive } from './archive.ts';
import { createAuthorizations } from './authorizations.ts';
import { Bindings } from './bindings.ts';
import { createChallenges } from './challenges.ts';
import { Turns } from './concurrency.ts';
import type { EnrolDeps } from './deps.ts';
import { issueDirectly } from './direct.ts';
import type { Enrolment } from './enrolment.ts';
import { OpenOrders } from './open-orders.ts';
import { createOrders } from './orders.ts';
import { Pausing } from './pausing.ts';
import { RateLimits } from './rate-limits.ts';
import { createRenewal } from './renewal.ts';
import { createRevocationRights } from './revocation-rights.ts';
import type { Room } from './room.ts';
import { Validations } from './validations.ts';

export function createEnrolment(deps: EnrolDeps): Enrolment {
  const turns = new Turns();
  const bindings = new Bindings({ ...deps, turns });
  const pausing = new Pausing(deps, turns);
  const archive = new Archive(deps);
  const limits = new RateLimits(deps.config, deps.clock);
  const openOrders = new OpenOrders(deps);
  const room: Room = { ...deps, turns, limits, bindings, pausing, openOrders, archive };
  const validations = new Validations(room);
  return {
    accounts: createAccounts({ ...room, ordersOf: (id, cursor) => ordersOf(deps, id, cursor) }),
    bindings: {
      create: (request) => bindings.create(request),
      list: (query) => bindings.list(query),
      revoke: (keyId, actor) => bindings.revoke(keyId, actor),
      key: (keyId) => bindings.key(keyId),
      login: (keyId, password) => bindings.login(keyId, password),
    },
    orders: createOrders(room),
    authorizations: createAuthorizations(room),
    challenges: createChallenges(room, validations),
    renewal: createRenewal(deps),
    revocation: createRevocationRights(room),
    issueDirectly: (request, together) => issueDirectly(room, request, together),
    recover: async () => {
      archive.start();
      return validations.recover();
    },
    stop: async () => {
      await validations.stop();
      await archive.stop();
    },
  };
}
