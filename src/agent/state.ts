// What the agent remembers between starts: accounts' keys and each certificate with its key, owner-only, written whole.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fromBase64, toBase64, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import { generatePrivateKey } from '../keys/local-key.ts';
import { type AccountKey, accountKey } from './acme/jws.ts';
import { replaceFile } from './files.ts';
import { pkcs8Of } from './key.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const OWNER_ONLY = 0o600;

/** A certificate as it is kept; files are made from it, so that a crash between two files is mended. */
export interface KeptCertificate {
  readonly privateKey: Uint8Array;
  readonly chain: readonly [Uint8Array, ...Uint8Array[]];
  readonly obtainedAt: Date;
  /** Drawn when it came: where in its window it is renewed. */
  readonly chance: number;
  /** Whether the programs that use it were told. */
  readonly handedOver: boolean;
}

/** One agent's folder. */
export class AgentState {
  readonly #folder: string;
  readonly #lock: DatabaseSync;

  private constructor(folder: string, lock: DatabaseSync) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** @throws SealyardError `SY-AGENT-STATE` where the folder cannot be used, or another agent uses it */
  static open(folder: string): AgentState {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (statSync(folder).uid !== process.getuid?.())
        throw new SealyardError('SY-AGENT-STATE', `${folder} belongs to somebody else`);
      chmodSync(folder, 0o700);
      return new AgentState(folder, lock(folder));
    } catch (error) {
      throw stateError(folder, error);
    }
  }

  close(): void {
    this.#lock.close();
  }

  /** The key of the account with an issuer; made at first use. @throws SealyardError `SY-AGENT-STATE` */
  async accountKey(issuer: string): Promise<AccountKey> {
    const path = join(this.#folder, `account-${issuer}.json`);
    const known = this.#read(path);
    if (known !== undefined) return accountKey(keyOf(known, path));
    const privateKey = await generatePrivateKey('ec-p256');
    this.#write(path, { privateKey: toBase64(pkcs8Of(privateKey)) });
    return accountKey(privateKey);
  }

  /** @throws SealyardError `SY-AGENT-STATE` */
  certificate(name: string): KeptCertificate | undefined {
    const path = this.#pathOf(name);
    const value = this.#read(path);
    return value === undefined ? undefined : keptOf(value, path);
  }

  /** On disk when it returns. @throws SealyardError `SY-AGENT-STATE` */
  keep(name: string, kept: KeptCertificate): void {
    this.#write(this.#pathOf(name), {
      privateKey: toBase64(kept.privateKey),
      chain: kept.chain.map(toBase64),
      obtainedAt: kept.obtainedAt.toISOString(),
      chance: kept.chance,
      handedOver: kept.handedOver,
    });
  }

  #pathOf(name: string): string {
    return join(this.#folder, `certificate-${name}.json`);
  }

  #read(path: string): JsonObject | undefined {
    try {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      if (!found.isFile() || found.size > MAX_FILE_BYTES) throw damaged(path);
      const value = parseJson(readFileSync(path, 'utf8'));
      if (!isObject(value)) throw damaged(path);
      return value;
    } catch (error) {
      throw stateError(path, error);
    }
  }

  #write(path: string, value: JsonObject): void {
    try {
      replaceFile(path, toUtf8(`${JSON.stringify(value)}\n`), OWNER_ONLY, undefined);
    } catch (error) {
      throw stateError(path, error);
    }
  }
}

// SQLite's file lock ends with the process, however it ends.
function lock(folder: string): DatabaseSync {
  const db = new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    throw new SealyardError('SY-AGENT-STATE', `${folder} is in use by another agent`, { cause: error });
  }
}

function keyOf(value: JsonObject, path: string): KeyObject {
  const der = bytesOf(value['privateKey'], path);
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}

function keptOf(value: JsonObject, path: string): KeptCertificate {
  const list = Array.isArray(value['chain']) ? value['chain'] : [];
  const [leaf, ...issuers] = list.map((each) => bytesOf(each, path));
  const obtainedAt = new Date(String(value['obtainedAt']));
  const { chance, handedOver } = value;
  if (leaf === undefined || Number.isNaN(obtainedAt.getTime()) || typeof chance !== 'number')
    throw damaged(path);
  return {
    privateKey: bytesOf(value['privateKey'], path),
    chain: [leaf, ...issuers],
    obtainedAt,
    chance,
    handedOver: handedOver === true,
  };
}

function bytesOf(value: unknown, path: string): Uint8Array {
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined;
  if (bytes === undefined || bytes.length === 0) throw damaged(path);
  return bytes;
}

function damaged(path: string): SealyardError {
  return new SealyardError('SY-AGENT-STATE', `${path} is damaged`);
}

function stateError(path: string, error: unknown): SealyardError {
  if (error instanceof SealyardError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'damaged';
  return new SealyardError('SY-AGENT-STATE', `${path}: ${code}`, { cause: error });
}
