// GET renewalInfo (RFC 9773 §4): unsigned, cacheable, when a certificate should be renewed.
import type { DoorReply, DoorRequest } from '../door.ts';
import { jsonReply } from '../problem.ts';
import type { Acme } from './deps.ts';
import { timestamp } from './render.ts';
import { link } from './reply.ts';

export function renewalInfo(request: DoorRequest, acme: Acme): DoorReply {
  const window = acme.enrolment.renewal.window(request.params['certificate'] ?? '');
  const { start, end, explanationUrl } = window;
  const body = {
    suggestedWindow: { start: timestamp(start), end: timestamp(later(end, start)) },
    ...(explanationUrl === undefined ? {} : { explanationURL: explanationUrl }),
  };
  return jsonReply(200, body, {
    // §4.3.1: how often to look.
    'retry-after': String(window.retryAfterSeconds),
    link: link(acme.urls.directory(), 'index'),
  });
}

/** §4.2: the end is behind the start, also where both fall into one second. */
function later(end: Date, start: Date): Date {
  return new Date(Math.max(end.getTime(), start.getTime() + 1000));
}
