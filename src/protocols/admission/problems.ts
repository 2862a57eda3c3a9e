// Our error codes on the admission door's wire: a refused review where its uid is known, else a problem document.
import type { DoorReply } from '../door.ts';
import { asKnown, problemReply } from '../problem.ts';
import { reviewReply } from './messages.ts';

/** For what cannot be answered as a review. */
export const problem: (error: unknown) => DoorReply = problemReply;

/** A denial that carries the code; the API server shows its message to whoever made the object. */
export function deniedReview(uid: string, error: unknown): DoorReply {
  const { code, message } = asKnown(error);
  return reviewReply({
    uid,
    allowed: false,
    refusal: { code, message: `${code}: ${message}`, httpStatus: 403 },
  });
}
