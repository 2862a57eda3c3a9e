// What a door adds to our changes, and our changes joined with it.
import type { Change } from '../ground/change.ts';
import type { Together } from './enrolment.ts';

/** The change with the caller's rows, conditions and events behind its own. */
export function joined(together: Together | undefined, own: Change): Change {
  if (together === undefined) return own;
  return {
    ...own,
    puts: [...own.puts, ...(together.puts ?? [])],
    preconditions: [...(own.preconditions ?? []), ...(together.preconditions ?? [])],
    events: [...own.events, ...(together.events ?? [])],
  };
}
