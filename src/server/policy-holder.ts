// The policy in force: loaded at start, loaded again on request, and never replaced by a document that is not one.
import { existsSync, statSync } from 'node:fs';
import { searchEvents } from '../audit/search.ts';
import type { Commit, Records } from '../ground/change.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Event } from '../ground/events.ts';
import type { Clock } from '../ground/ports.ts';
import { defaultPolicy } from '../policy/default.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import { readAtMost, writePrivateFile } from './data-directory.ts';

const MAX_POLICY_BYTES = 1024 * 1024;
/** A longer document is on record by its digest alone: an event is bounded at 64 KiB. */
const MAX_RECORDED_LENGTH = 24_000;

export interface PolicyHolderOptions {
  readonly file: string;
  /** Whether a missing file is written; a path that somebody chose must exist. */
  readonly writeDefault: boolean;
  readonly publicUrl: string;
  readonly development: boolean;
  readonly commit: Commit;
  readonly records: Records;
  readonly clock: Clock;
}

export interface PolicyHolder {
  current(): Policy;
  /**
   * Reads the document again. @returns whether it is another one
   * @throws SealyardError `SY-POLICY-INVALID` and others; the old policy stays in force, and the refusal is on record
   */
  reload(): Promise<boolean>;
}

/** @throws SealyardError `SY-POLICY-INVALID`, `SY-SERVER-CONFIG` */
export async function openPolicy(o: PolicyHolderOptions): Promise<PolicyHolder> {
  if (!existsSync(o.file) && o.writeDefault)
    writePrivateFile(o.file, defaultPolicy({ publicUrl: o.publicUrl }));
  let current = readPolicy(o);
  await recordLoaded(current, o);
  return {
    current: () => current,
    async reload() {
      const loaded = await readAgain(o);
      if (loaded.version === current.version) return false;
      await recordLoaded(loaded, o);
      current = loaded;
      return true;
    },
  };
}

async function readAgain(o: PolicyHolderOptions): Promise<Policy> {
  try {
    return readPolicy(o);
  } catch (error) {
    if (isSealyardError(error)) await o.commit({ puts: [], events: [refusedEvent(error, o)] });
    throw error;
  }
}

function readPolicy(o: PolicyHolderOptions): Policy {
  const text = readText(o.file);
  if (text === undefined) throw new SealyardError('SY-SERVER-CONFIG', `policy: ${o.file} does not exist`);
  return loadPolicy(text, { publicUrl: o.publicUrl, development: o.development, file: o.file });
}

function readText(file: string): string | undefined {
  try {
    if (!existsSync(file)) return undefined;
    // A pipe would hold up the yard until somebody writes to it.
    if (!statSync(file).isFile())
      throw new SealyardError('SY-SERVER-CONFIG', `policy: ${file} is not a file`);
    const text = readAtMost(file, MAX_POLICY_BYTES);
    if (text === undefined)
      throw new SealyardError('SY-SERVER-CONFIG', `policy: ${file} is larger than 1 MiB`);
    return text;
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    throw new SealyardError('SY-SERVER-CONFIG', `policy: ${file} cannot be read`, { cause: error });
  }
}

/** Once for each time that the version changes, not for each start. A restored yard records nothing. */
async function recordLoaded(policy: Policy, o: PolicyHolderOptions): Promise<void> {
  const [last] = searchEvents(o.records, { action: 'policy.loaded', limit: 1 });
  if (last?.object.id === policy.version) return;
  const timeMs = o.clock.now().getTime();
  const text = policy.text.length <= MAX_RECORDED_LENGTH ? { text: policy.text } : {};
  const event: Event = {
    timeMs,
    action: 'policy.loaded',
    actor: { kind: 'system' },
    object: { type: 'policy', id: policy.version },
    outcome: 'done',
    policyVersion: policy.version,
    data: { file: o.file, ...text },
  };
  await o.commit({ puts: [], events: [event] }).catch((error: unknown) => {
    if (!isSealyardError(error, 'SY-STORE-READ-ONLY')) throw error;
  });
}

function refusedEvent(error: SealyardError, o: PolicyHolderOptions): Event {
  return {
    timeMs: o.clock.now().getTime(),
    action: 'policy.refused',
    actor: { kind: 'system' },
    object: { type: 'policy', id: o.file },
    outcome: 'refused',
    data: { code: error.code, detail: (error.detail ?? '').slice(0, 4096) },
  };
}
