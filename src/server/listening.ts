// The yard's listeners: opened before anything is made, so that a taken address costs nothing; serving when all is there.
import { isSealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import { BodyBudget } from './body.ts';
import type { ListenAddress, YardConfig } from './config.ts';
import { type FixedUrls, isElsewhere, wantedAddress } from './fixed-urls.ts';
import {
  DEFAULT_LIMITS,
  type Listener,
  type ListenerLimits,
  openMtlsListener,
  openPlainListener,
  openTlsListener,
} from './listener.ts';
import type { ServerLog } from './log.ts';
import type { Metrics } from './metrics.ts';
import { Concurrency, type Door, mount } from './mount.ts';

/** Bodies in memory at once, over all listeners. */
const BODY_BUDGET_BYTES = 64 * 1024 * 1024;
const ANSWER_BUDGET_BYTES = 64 * 1024 * 1024;
/** Requests being handled at once; the rest is told to come back. */
const CONCURRENCY = 4096;

export interface Listening {
  readonly tls: Listener;
  readonly plain: Listener | undefined;
  readonly admission: Listener | undefined;
  readonly mtls: Listener | undefined;
  /** Those that want a certificate. */
  readonly secure: readonly Listener[];
  readonly notices: readonly string[];
  serve(o: {
    readonly doors: readonly Door[];
    readonly metrics: Metrics;
    readonly log: ServerLog;
    readonly random: Random;
  }): Promise<void>;
  close(graceMs: number): Promise<void>;
}

/** @throws SealyardError `SY-SERVER-ADDRESS`; what was opened by then is closed again */
export async function openListening(config: YardConfig, fixed: FixedUrls | undefined): Promise<Listening> {
  const limits: ListenerLimits = { ...DEFAULT_LIMITS, maxConnections: config.maxConnections };
  const opened: Listener[] = [];
  const notices: string[] = [];
  const open = async (
    how: typeof openTlsListener,
    address: ListenAddress | undefined,
    url: string | undefined,
  ): Promise<Listener | undefined> => {
    if (address === undefined) return undefined;
    const listener = await openWanted(how, address, url, limits, notices);
    opened.push(listener);
    return listener;
  };
  const close = async (graceMs: number) => {
    await Promise.all(opened.map((listener) => listener.close(graceMs)));
  };
  try {
    const tls = await openWanted(openTlsListener, config.listen, fixed?.publicUrl, limits, notices);
    opened.push(tls);
    const plain = await open(openPlainListener, config.listenPlain, fixed?.plainUrl);
    const admission = await open(openTlsListener, config.listenAdmission, undefined);
    const mtls = await open(openMtlsListener, config.listenMtls, undefined);
    return {
      tls,
      plain,
      admission,
      mtls,
      secure: [tls, admission, mtls].filter((one) => one !== undefined),
      notices,
      serve: (o) => serveAll({ tls, plain, admission, mtls }, limits, o),
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}

async function openWanted(
  how: typeof openTlsListener,
  address: ListenAddress,
  fixedUrl: string | undefined,
  limits: ListenerLimits,
  notices: string[],
): Promise<Listener> {
  const listener = await openOrNext(how, wantedAddress(address, fixedUrl), address, limits);
  if (fixedUrl !== undefined && isElsewhere(address, listener.port, fixedUrl))
    notices.push(
      `this yard is called ${fixedUrl}, but it listens on ${address.host}:${listener.port}: clients that go by its name will not find it`,
    );
  return listener;
}

/** The address that is wanted, else, where another program has it, the one that was configured. */
async function openOrNext(
  how: typeof openTlsListener,
  wanted: ListenAddress,
  address: ListenAddress,
  limits: ListenerLimits,
): Promise<Listener> {
  try {
    return await how(wanted, limits);
  } catch (error) {
    if (wanted === address || !isSealyardError(error, 'SY-SERVER-ADDRESS')) throw error;
    return how(address, limits);
  }
}

async function serveAll(
  listeners: Pick<Listening, 'tls' | 'plain' | 'admission' | 'mtls'>,
  limits: ListenerLimits,
  o: Parameters<Listening['serve']>[0],
): Promise<void> {
  const common = {
    ...o,
    bodyMs: limits.bodyMs,
    budget: new BodyBudget(BODY_BUDGET_BYTES),
    unread: new BodyBudget(ANSWER_BUDGET_BYTES),
    answerMs: limits.answerMs,
    concurrency: new Concurrency(CONCURRENCY),
  };
  for (const name of ['tls', 'plain', 'admission', 'mtls'] as const) {
    const listener = listeners[name];
    if (listener === undefined) continue;
    listener.serve(await mount({ ...common, listener: name, isClosing: listener.isClosing }));
  }
}
