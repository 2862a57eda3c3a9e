// Finds the yard that a command speaks to, trusts it by its own root, and carries the administrator's token.

import { existsSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { type Code, ERRORS, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import { tokenOf } from './ambient.ts';
import type { CliContext } from './context.ts';
import { readText, readTextIfPresent, writeFileDurably } from './files.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;

/** What `sealyard up` leaves in the data directory for the commands on the same machine. */
export interface YardFile {
  readonly url: string;
  readonly plainUrl?: string;
}

export const YARD_FILE = 'yard.json';
export const ROOTS_FILE = 'roots.pem';
export const TRUSTED_ROOT_FILE = 'trusted_root.json';
const BOOTSTRAP_TOKEN_FILE = 'admin-token';
export const SERVICE_TOKEN_FILE = 'cli-token';

export interface YardAddress {
  readonly url: string;
  /** PEM of the roots that its listener's certificate must chain to; undefined: the system's. */
  readonly roots: string | undefined;
}

/** @throws SealyardError `SY-CLI-NO-YARD`, `SY-CLI-USAGE` */
export function yardAddress(context: CliContext): YardAddress {
  const rootsPath = join(context.dataDirectory, ROOTS_FILE);
  const roots = existsSync(rootsPath) ? readText(rootsPath, MAX_FILE_BYTES) : undefined;
  if (context.server !== undefined) return { url: serverUrl(context.server), roots };
  const text = readTextIfPresent(join(context.dataDirectory, YARD_FILE), MAX_FILE_BYTES);
  const known = text === undefined ? undefined : parseJson(text);
  if (!isObject(known) || typeof known['url'] !== 'string')
    throw new SealyardError('SY-CLI-NO-YARD', `looked in ${context.dataDirectory}`);
  return { url: known['url'], roots };
}

function serverUrl(text: string): string {
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:')
    throw new SealyardError('SY-CLI-USAGE', `--server wants an https:// URL, not ${text}`);
  return text.replace(/\/+$/, '');
}

export interface YardAnswer {
  readonly status: number;
  readonly body: string;
}

/** One request to the yard; TLS is verified against the yard's root. @throws SealyardError `SY-CLI-YARD-UNREACHABLE` */
export function askYard(
  address: YardAddress,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  options: { readonly token?: string; readonly body?: JsonObject } = {},
): Promise<YardAnswer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      new URL(path, address.url),
      {
        method,
        ...(address.roots === undefined ? {} : { ca: address.roots }),
        headers: {
          accept: 'application/json',
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error('answer too large'));
          else chunks.push(chunk);
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  }).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new SealyardError('SY-CLI-YARD-UNREACHABLE', `${address.url}: ${reason}`, { cause: error });
  }) as Promise<YardAnswer>;
}

/** Calls the admin API with the token that is at hand and returns its JSON; a problem document becomes our error. */
export async function askAdmin(
  context: CliContext,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: JsonObject,
): Promise<Json> {
  const address = yardAddress(context);
  const token = await administratorToken(context, address);
  return answerJson(await askYard(address, method, path, { token, ...(body === undefined ? {} : { body }) }));
}

/** JSON of a good answer; the error that a problem document (RFC 9457) names, otherwise. */
export function answerJson(answer: YardAnswer): Json {
  const value = readAnswer(answer.body);
  if (answer.status >= 200 && answer.status < 300) return value;
  if (isObject(value) && typeof value['code'] === 'string' && value['code'] in ERRORS) {
    throw new SealyardError(
      value['code'] as Code,
      typeof value['detail'] === 'string' ? value['detail'] : undefined,
    );
  }
  throw new SealyardError('SY-CLI-YARD-ANSWER', `status ${answer.status}`);
}

function readAnswer(body: string): Json {
  try {
    return body === '' ? {} : parseJson(body, { maxLength: MAX_ANSWER_BYTES, maxDepth: 64 });
  } catch {
    throw new SealyardError('SY-CLI-YARD-ANSWER', 'not JSON');
  }
}

/**
 * `--token-file`, else the service token of the data directory, else the one-time administrator token exchanged for a
 * service token, which is kept beside it (0600) before the one-time token's file goes.
 */
async function administratorToken(context: CliContext, address: YardAddress): Promise<string> {
  if (context.token !== undefined) return tokenOf(context.token);
  const kept = join(context.dataDirectory, SERVICE_TOKEN_FILE);
  const service = readTextIfPresent(kept, MAX_FILE_BYTES);
  if (service !== undefined) return service.trim();
  const oneTimePath = join(context.dataDirectory, BOOTSTRAP_TOKEN_FILE);
  const oneTime = readTextIfPresent(oneTimePath, MAX_FILE_BYTES);
  if (oneTime === undefined) throw new SealyardError('SY-CLI-ADMIN-TOKEN');
  const answer = answerJson(
    await askYard(address, 'POST', '/admin/v1/tokens/exchange', { token: oneTime.trim(), body: {} }),
  );
  const token = isObject(answer) ? answer['token'] : undefined;
  if (typeof token !== 'string') throw new SealyardError('SY-CLI-YARD-ANSWER', 'no token in the answer');
  writeFileDurably(kept, token, 0o600);
  rmSync(oneTimePath, { force: true });
  return token;
}
