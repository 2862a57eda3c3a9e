// Domain errors as Fulcio words them: clients show its sentences, scripts match our code behind them.
import type { Code } from '../../ground/errors.ts';
import type { DoorReply } from '../door.ts';
import { asKnown } from '../problem.ts';
import { rpcStatusReply } from '../rpc-status.ts';

/** Fulcio's own sentences (pkg/server), by what they are about. */
const SENTENCES: readonly { readonly about: (code: Code) => boolean; readonly sentence: string }[] = [
  {
    about: (code) => code.startsWith('SY-IDENTITY-') || code === 'SY-FULCIO-NO-TOKEN',
    sentence: 'There was an error processing the identity token',
  },
  {
    about: (code) => code === 'SY-ISSUE-PROOF',
    sentence: 'The signature supplied in the request could not be verified',
  },
  {
    about: (code) => code === 'SY-ISSUE-KEY-MALFORMED' || code === 'SY-ISSUE-KEY-REFUSED',
    sentence: 'The public key supplied in the request could not be parsed',
  },
];

export function fulcioProblem(error: unknown): DoorReply {
  const { code } = asKnown(error);
  const prefix = SENTENCES.find(({ about }) => about(code))?.sentence;
  return rpcStatusReply(error, prefix === undefined ? {} : { prefix });
}
