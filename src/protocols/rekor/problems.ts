// Domain errors as rekor-tiles words them.
import type { DoorReply } from '../door.ts';
import { rpcStatusReply } from '../rpc-status.ts';
import { EntryExists } from './add-entry.ts';

export function rekorProblem(error: unknown): DoorReply {
  if (error instanceof EntryExists)
    return rpcStatusReply(error, { headers: { 'x-log-index': `${error.logIndex}` } });
  return rpcStatusReply(error);
}
