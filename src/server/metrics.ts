// What is counted, for Prometheus: requests by door and outcome, and the state of store, logs and certificates.
import type { Registry } from 'prom-client';
import type { LogName } from '../ground/change.ts';
import type { StoreCounters } from '../store/store.ts';
import type { AuthorityFigures } from './authority-watch.ts';

/** Read when somebody scrapes, not kept. */
export interface GaugeSources {
  store(): StoreCounters;
  logSize(log: LogName): number;
  /** Seconds since the epoch at which the listener's certificate ends. */
  listenerNotAfter(): number;
  authorities(): AuthorityFigures;
  isReady(): boolean;
}

export interface Metrics {
  /** One answered request. `code` is `SY-OK` or the error's code. */
  request(door: string, status: number, code: string, seconds: number): void;
  /** The text exposition format. */
  text(): Promise<string>;
  readonly contentType: string;
  observe(sources: GaugeSources): void;
}

type Library = typeof import('prom-client');

const LOADED_AFTER_MS = 1_000;
const LOGS: readonly LogName[] = ['certificate', 'signature', 'audit'];

/** A request that was answered before the library was loaded. */
interface Sample {
  readonly door: string;
  readonly status: number;
  readonly code: string;
  readonly seconds: number;
}

interface Collected {
  count(sample: Sample): void;
  text(): Promise<string>;
}

/**
 * The library is loaded after the first second: its 50 ms belong neither before ready nor into the first requests,
 * which wait in a list until it is there.
 */
export function createMetrics(): Metrics {
  const waiting: Sample[] = [];
  let sources: GaugeSources | undefined;
  let collected: Collected | undefined;
  let loading: Promise<Collected> | undefined;
  const load = () => {
    loading ??= import('prom-client').then((library) => {
      const made = collect(library, () => sources);
      for (const sample of waiting.splice(0)) made.count(sample);
      collected = made;
      return made;
    });
    return loading;
  };
  // A failure is heard by whoever asks for the text.
  setTimeout(() => void load().catch(() => undefined), LOADED_AFTER_MS).unref();
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    request(door, status, code, seconds) {
      const sample = { door, status, code, seconds };
      if (collected === undefined) waiting.push(sample);
      else collected.count(sample);
    },
    text: async () => (await load()).text(),
    observe: (given) => {
      sources = given;
    },
  };
}

function collect(
  { Counter, Gauge, Histogram, Registry }: Library,
  sources: () => GaugeSources | undefined,
): Collected {
  const registry = new Registry();
  const requests = new Counter({
    name: 'sealyard_requests_total',
    help: 'Answered requests by door, HTTP status and code of the error table (SY-OK: none)',
    labelNames: ['door', 'status', 'code'] as const,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'sealyard_request_duration_seconds',
    help: 'Time from the headers of a request to the answer, by door',
    labelNames: ['door'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  let observed = false;
  return {
    count({ door, status, code, seconds }) {
      requests.inc({ door, status, code });
      durations.observe({ door }, seconds);
    },
    text() {
      const given = sources();
      if (given !== undefined && !observed) {
        observeGauges(Gauge, registry, given);
        observed = true;
      }
      return registry.metrics();
    },
  };
}

function observeGauges(Gauge: Library['Gauge'], registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `sealyard_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('store_commits', 'Transactions committed since the start', () => sources.store().commits);
  gauge(
    'store_commits_failed',
    'Transactions that failed since the start',
    () => sources.store().failedCommits,
  );
  gauge(
    'store_changes',
    'Changes committed since the start; over commits this is the batch size',
    () => sources.store().changes,
  );
  gauge('store_changes_refused', 'Changes refused since the start', () => sources.store().refusedChanges);
  gauge('store_changes_waiting', 'Changes handed in and not yet answered', () => sources.store().waiting);
  gauge('listener_certificate_not_after_seconds', 'When the listener certificate ends, since the epoch', () =>
    sources.listenerNotAfter(),
  );
  gauge('ready', '1 where /readyz answers 200', () => (sources.isReady() ? 1 : 0));
  gauge('resident_memory_bytes', 'Resident memory of the process', () => process.memoryUsage.rss());
  new Gauge({
    name: 'sealyard_log_size',
    help: 'Entries of each log',
    labelNames: ['log'] as const,
    registers: [registry],
    collect() {
      for (const log of LOGS) this.set({ log }, sources.logSize(log));
    },
  });
  observeAuthorities(Gauge, registry, sources);
}

/** Authorities come and go, and so do warnings: each scrape starts from nothing. */
function observeAuthorities(Gauge: Library['Gauge'], registry: Registry, sources: GaugeSources): void {
  new Gauge({
    name: 'sealyard_authority_not_after_seconds',
    help: 'When the certificate of each authority in use ends, since the epoch',
    labelNames: ['authority'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { authority, notAfterSeconds } of sources.authorities().ends)
        this.set({ authority }, notAfterSeconds);
    },
  });
  new Gauge({
    name: 'sealyard_authority_warnings',
    help: '1 for each thing to be known of an authority: ended, ending, key-missing, constrained, awaited',
    labelNames: ['authority', 'kind'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { authority, kind } of sources.authorities().warnings) this.set({ authority, kind }, 1);
    },
  });
}
