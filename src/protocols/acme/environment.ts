// Which environment a request is for, and what the policy says of new accounts there.
import { SealyardError } from '../../ground/errors.ts';
import { asEnvironmentName, type EnvironmentName } from '../../ground/ids.ts';
import { grantableProfiles } from '../../policy/decide-issue.ts';
import type { DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';

/** @throws SealyardError `SY-POLICY-ENVIRONMENT-UNKNOWN` */
export function environmentOf(request: DoorRequest, acme: Acme): EnvironmentName | undefined {
  const text = request.params['environment'];
  if (text === undefined) return undefined;
  const environment = asEnvironmentName(text);
  if (environment === undefined || !acme.policy().environments.has(environment))
    throw new SealyardError('SY-POLICY-ENVIRONMENT-UNKNOWN');
  return environment;
}

/** An account that nobody knows could order nothing where no rule grants something to anyone. */
export function bindingIsRequired(acme: Acme, environment: EnvironmentName | undefined): boolean {
  return acme.bindingRequired || grantableProfiles(acme.policy(), [], environment).length === 0;
}
