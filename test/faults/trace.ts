// Reads what strace saw of a yard with one client: which writes to the store were not yet synced when an answer left.

export interface TraceVerdict {
  /** Sentences: an answer left while these writes were not on disk, or nothing was written for it at all. */
  readonly faults: readonly string[];
  readonly answers: number;
  readonly writes: number;
  readonly syncs: number;
}

interface Call {
  readonly at: number;
  readonly name: string;
  /** What strace decoded of the first argument: a path, or `TCP:[a->b]`. */
  readonly target: string;
  readonly line: string;
}

/**
 * SQLite's journal in WAL mode: a commit is in the `-wal` file, and durable once that file was synced. Between one
 * request and its answer there must be at least one write to it, and none that is not synced.
 */
export function judgeTrace(
  text: string,
  o: { readonly data: string; readonly port: number; readonly from: number; readonly until: number },
): TraceVerdict {
  const faults: string[] = [];
  const unsynced = new Map<string, string>();
  let [answers, writes, syncs, writtenForRequest, inRequest] = [0, 0, 0, 0, false];
  for (const call of callsOf(text)) {
    const isStore = call.target.startsWith(o.data) && /-wal$/.test(call.target);
    const isOurs = call.at >= o.from && call.at <= o.until && isClientSocket(call.target, o.port);
    if (isStore && /write/.test(call.name)) {
      unsynced.set(call.target, call.line);
      writes++;
      writtenForRequest++;
    } else if (isStore && /sync$/.test(call.name)) {
      unsynced.delete(call.target);
      syncs++;
    } else if (isOurs && /^(read|readv|recv)/.test(call.name)) {
      if (!inRequest) writtenForRequest = 0;
      inRequest = true;
    } else if (isOurs && inRequest) {
      inRequest = false;
      answers++;
      for (const [file, line] of unsynced)
        faults.push(`answer ${answers} left before ${file} was synced: ${line}`);
      if (writtenForRequest === 0)
        faults.push(`nothing was written between request ${answers} and its answer`);
    }
  }
  return { faults, answers, writes, syncs };
}

// Reads of a socket with nothing in it answer EAGAIN; they begin no request.
function* callsOf(text: string): Generator<Call> {
  const begun = new Map<string, { at: number; name: string; target: string }>();
  for (const line of text.split('\n')) {
    const start =
      /^(\d+) +(\d+\.\d+) (\w+)\(\d+<(.*?)>[,)]/.exec(line) ??
      /^(\d+) +(\d+\.\d+) (\w+)\(\d+<(.*?)> <unfinished/.exec(line);
    const resumed = /^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>/.exec(line);
    const result = Number(/= (-?\d+)/.exec(line)?.[1] ?? Number.NaN);
    if (start !== null) {
      const [, thread = '', at = '', name = '', target = ''] = start;
      const call = { at: Number(at), name, target };
      if (line.includes('<unfinished')) {
        begun.set(thread, call);
        // Bytes may leave as soon as a write to a socket begins; a write to a file counts from then too.
        if (!/^(read|readv|recv)/.test(name) && !/sync$/.test(name)) yield { ...call, line };
      } else if (result > 0 || (/sync$/.test(name) && result === 0)) yield { ...call, line };
    } else if (resumed !== null) {
      const [, thread = '', at = ''] = resumed;
      const call = begun.get(thread);
      begun.delete(thread);
      // A sync counts when it ends, a read when its bytes are there.
      if (call === undefined || !/^(read|readv|recv)|sync$/.test(call.name)) continue;
      if (result > 0 || (/sync$/.test(call.name) && result === 0)) yield { ...call, at: Number(at), line };
    }
  }
}

function isClientSocket(target: string, port: number): boolean {
  return new RegExp(`^TCP(v6)?:\\[.*:${port}->`).test(target);
}
