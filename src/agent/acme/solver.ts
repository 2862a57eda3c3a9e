// How the agent answers challenges: an http-01 listener, files below a web server's root, or a command that writes DNS.
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { SealyardError } from '../../ground/errors.ts';

export interface OpenChallenge {
  readonly type: string;
  readonly token: string;
  /** Token and thumbprint (RFC 8555 §8.1). */
  readonly keyAuthorization: string;
  /** The identifier without `*.`. */
  readonly name: string;
}

/** Answers challenges of one type. */
export interface Solver {
  readonly type: 'http-01' | 'dns-01';
  /** Puts the answer in place; what it returns takes it away again. */
  present(challenge: OpenChallenge): Promise<() => Promise<void>>;
}

const PATH = '/.well-known/acme-challenge/';
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;
const COMMAND_TIMEOUT_MS = 120_000;

/** Listens while there is something to answer, and only then: the port may be a web server's at other times. */
export function listeningSolver(address: { readonly host: string; readonly port: number }): Solver {
  const answers = new Map<string, string>();
  let opened: Promise<Server> | undefined;
  return {
    type: 'http-01',
    async present({ token, keyAuthorization }) {
      answers.set(token, keyAuthorization);
      opened ??= listen(address, answers);
      await opened.catch((error: unknown) => {
        opened = undefined;
        answers.delete(token);
        throw error;
      });
      return async () => {
        answers.delete(token);
        if (answers.size > 0) return;
        const server = await opened;
        opened = undefined;
        server?.close();
        server?.closeAllConnections();
      };
    },
  };
}

function listen(
  address: { readonly host: string; readonly port: number },
  answers: ReadonlyMap<string, string>,
): Promise<Server> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const answer = answers.get((request.url ?? '').slice(PATH.length));
    const found = request.url?.startsWith(PATH) === true && answer !== undefined;
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(found ? answer : 'not found');
  });
  server.maxConnections = 100;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new SealyardError('SY-AGENT-CHALLENGE', `${address.host}:${address.port}: ${error.code ?? 'failed'}`),
      ),
    );
    server.listen(address.port, address.host, () => resolve(server));
  });
}

/** Writes the answer below the root of a web server that is there anyway. */
export function webrootSolver(folder: string): Solver {
  return {
    type: 'http-01',
    async present({ token, keyAuthorization }) {
      // The token comes from the server and becomes a path.
      if (!TOKEN.test(token)) throw new SealyardError('SY-AGENT-ACME', 'a token that is none');
      const file = join(folder, PATH, token);
      try {
        mkdirSync(join(folder, PATH), { recursive: true });
        writeFileSync(file, keyAuthorization, { mode: 0o644 });
      } catch (error) {
        throw new SealyardError('SY-AGENT-CHALLENGE', `cannot write below ${folder}`, { cause: error });
      }
      return async () => rmSync(file, { force: true });
    },
  };
}

/**
 * Runs `command present NAME VALUE` and `command remove NAME VALUE`; NAME is `_acme-challenge.<name>`, VALUE what its
 * TXT record must hold (RFC 8555 §8.4). The command returns when the record can be seen.
 */
export function dnsSolver(o: {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}): Solver {
  const run = (word: 'present' | 'remove', name: string, value: string) =>
    new Promise<void>((resolve, reject) => {
      const [program, ...args] = o.command;
      const options = { env: { ...o.environment }, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1024 };
      execFile(program, [...args, word, name, value], options, (error) => {
        if (error === null) resolve();
        else reject(new SealyardError('SY-AGENT-CHALLENGE', `${program} ${word} failed`, { cause: error }));
      });
    });
  return {
    type: 'dns-01',
    async present({ name, keyAuthorization }) {
      const record = `_acme-challenge.${name}`;
      const value = hash('sha256', keyAuthorization, 'base64url');
      await run('present', record, value);
      return () => run('remove', record, value);
    },
  };
}
