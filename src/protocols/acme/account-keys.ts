// The verifying keys of accounts, imported once: importing costs as much as verifying.
import type { Account } from '../../enrol/enrolment.ts';
import { type JwsKey, readJwk } from '../../formats/jws-key.ts';

const MAX_KEYS = 10_000;

/** Keyed by thumbprint and not by account, so that a changed key is another entry. */
export class AccountKeys {
  readonly #keys = new Map<string, JwsKey>();

  of(account: Account): JwsKey {
    const known = this.#keys.get(account.keyThumbprint);
    if (known !== undefined) return known;
    const key = readJwk(account.jwk);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size >= MAX_KEYS && oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.set(account.keyThumbprint, key);
    return key;
  }
}
