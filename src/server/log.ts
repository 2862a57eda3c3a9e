// The program's own log: JSON on standard error, one line an occurrence, and never a secret.
import { pino, stdSerializers } from 'pino';
import type { LogLevel } from './config.ts';

/** What the server's files log with. Objects first, a sentence after, as pino has it. */
export interface ServerLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
}

// Headers and bodies are not logged at all; the paths are the belt beside the braces.
const SECRET = ['authorization', 'cookie', 'token', 'secret', 'password', 'privateKey', 'body'];

export function createLog(level: LogLevel): ServerLog {
  return pino(
    {
      level,
      base: { program: 'sealyard' },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { error: stdSerializers.err },
    },
    // Synchronous: a line that explains a crash must not die with it.
    process.stderr,
  );
}
