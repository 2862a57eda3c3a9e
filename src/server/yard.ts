// A running yard: the handle, and the first steps of a start. Little is imported here on purpose: see `startYard`.
import type { JsonObject } from '../ground/json.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { openSealedFileStore, type SealedFileStore } from '../keys/sealed-file.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { REAL_CLOCK, REAL_RANDOM } from './clock.ts';
import type { YardConfig } from './config.ts';
import { inData, openDataDirectory } from './data-directory.ts';
import { resolveUnlock } from './unlock-secret.ts';

export interface Yard {
  /** Without a final slash. */
  readonly publicUrl: string;
  readonly plainUrl: string | undefined;
  readonly admissionUrl: string | undefined;
  /** Of the listener that asks for client certificates. */
  readonly mtlsUrl: string | undefined;
  /** Every anchor, as it is now: roots are created and imported while the yard runs. */
  readonly rootPem: string;
  /** What a client of the listener trusts: the anchors, and of a restored yard the listener's own certificate as well. */
  readonly listenerRootsPem: string;
  /** Of a restored yard, which can record no token: one for the owner of the data directory, good for this run. */
  readonly localToken: string | undefined;
  /** SHA-256 of the certificate of the root that the yard issues under by default, lower-case hex. */
  readonly rootFingerprint: string;
  readonly trustedRootJson: string;
  /** Calls after the authorities changed, and the anchors with them; it must not throw. @returns ends that */
  onTrustChange(listener: () => void): () => void;
  readonly dataDirectory: string;
  readonly isFirstStart: boolean;
  /** Sentences for whoever started it. */
  readonly notices: readonly string[];
  readonly policyVersion: string;
  status(): JsonObject;
  /**
   * Reads the policy document again.
   * @returns a sentence about what came of it
   * @throws SealyardError `SY-POLICY-INVALID` and others: the old document goes on serving
   */
  reload(): Promise<string>;
  /** Ends within the grace of the configuration and a little more, whatever clients do. */
  close(): Promise<void>;
}

/** What tests replace. */
export interface YardPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What the first steps leave to the rest. `ending` ends parts in the opposite order of their coming to be. */
export interface Start extends YardPorts {
  readonly config: YardConfig;
  readonly directory: string;
  readonly startedAt: Date;
  readonly ending: AsyncDisposableStack;
  readonly store: Store;
  /** Still being unlocked. */
  readonly unlocking: Promise<SealedFileStore>;
}

/**
 * Directory and lock first, so that of two processes one touches nothing. Unlocking the keys then keeps another
 * thread busy for half a second, in which the rest of the program is loaded.
 * @throws SealyardError whatever keeps the yard from starting; nothing is left listening or locked then
 */
export async function startYard(config: YardConfig, ports: Partial<YardPorts> = {}): Promise<Yard> {
  const { clock = REAL_CLOCK, random = REAL_RANDOM, environment = process.env } = ports;
  const startedAt = clock.now();
  const ending = new AsyncDisposableStack();
  try {
    const directory = openDataDirectory(config.data);
    const unlock = resolveUnlock(config.unlockSecret, { directory, environment });
    const store = await openStore({ directory, clock });
    ending.defer(() => store.close());
    const unlocking = openSealedFileStore({ directory: inData(directory, 'keys'), unlock, random });
    // Whoever awaits it hears of a failure; an earlier failure elsewhere must not make this one unhandled.
    unlocking.catch(() => undefined);
    const { raiseYard } = await import('./raise.ts');
    return await raiseYard({
      config,
      directory,
      startedAt,
      ending,
      store,
      unlocking,
      clock,
      random,
      environment,
    });
  } catch (error) {
    await ending.disposeAsync();
    throw error;
  }
}
