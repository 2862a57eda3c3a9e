// What is counted, for Prometheus: requests by door and outcome, and the state of store, logs and certificates.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LogName } from '../ground/change.ts';
import type { StoreCounters } from '../store/store.ts';

/** Read when somebody scrapes, not kept. */
export interface GaugeSources {
  store(): StoreCounters;
  logSize(log: LogName): number;
  /** Seconds since the epoch at which the listener's certificate ends. */
  listenerNotAfter(): number;
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

const LOGS: readonly LogName[] = ['certificate', 'signature', 'audit'];

export function createMetrics(): Metrics {
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
  return {
    request(door, status, code, seconds) {
      requests.inc({ door, status, code });
      durations.observe({ door }, seconds);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    observe: (sources) => observeGauges(registry, sources),
  };
}

function observeGauges(registry: Registry, sources: GaugeSources): void {
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
}
