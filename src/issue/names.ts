// Names before they are written into a certificate: what may stand there, so that no two readers see two names.
import type { GeneralName } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import type { ListenerName } from './request.ts';

const MAX_URI = 2048;
const MAX_EMAIL = 254;
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/;
// RFC 5321 §4.1.2 without quoted local parts, which no token has and some readers misread.
const EMAIL = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const DNS = new RegExp(`^${LABEL}(\\.${LABEL})*$`);

/**
 * The one name of a keyless certificate. Characters are those that RFC 3986 and 5280 §4.2.1.6 have; a wildcard in a
 * URI is an ordinary character there and is never expanded by verification.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function identityName(san: { readonly type: 'uri' | 'email'; readonly value: string }): GeneralName {
  const fits =
    san.type === 'uri'
      ? san.value.length <= MAX_URI && URI.test(san.value)
      : san.value.length <= MAX_EMAIL && EMAIL.test(san.value);
  // The value came out of somebody's token: it is not quoted back.
  if (!fits) throw new SealyardError('SY-ISSUE-NAME', `a name of type ${san.type}`);
  return { type: san.type, value: san.value };
}

/**
 * The names of a listener: host names in lower case without wildcards, and addresses.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function listenerNames(names: readonly ListenerName[]): readonly GeneralName[] {
  for (const name of names) {
    const fits =
      name.type === 'dns'
        ? name.value.length <= 253 && DNS.test(name.value)
        : name.value.length === 4 || name.value.length === 16;
    if (!fits) throw new SealyardError('SY-ISSUE-NAME', name.type === 'dns' ? name.value : 'an address');
  }
  if (names.length === 0 || names.length > 100)
    throw new SealyardError('SY-ISSUE-NAME', `${names.length} names`);
  return names;
}
