// Contacts of an account (RFC 8555 §7.3): where mail may be sent, in a form that no mail program can misread.
import { EnrolError } from './problem.ts';

const MOST = 10;
const LONGEST = 254;
// RFC 6068 without headers, and one address: "hfields" and lists are forbidden by RFC 8555 §7.3.
const MAILTO =
  /^mailto:[a-z0-9!#$&'*+/=^_`{|}~.-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/** @throws EnrolError `SY-ENROL-CONTACT`, `SY-ENROL-CONTACT-SCHEME` */
export function checkContacts(contacts: readonly string[]): void {
  if (contacts.length > MOST) throw new EnrolError('SY-ENROL-CONTACT', `${contacts.length} contacts`);
  for (const [i, contact] of contacts.entries()) {
    const which = `contact ${i + 1}`;
    if (contact.length > LONGEST) throw new EnrolError('SY-ENROL-CONTACT', which);
    if (!/^mailto:/i.test(contact)) throw new EnrolError('SY-ENROL-CONTACT-SCHEME', which);
    if (!MAILTO.test(contact)) throw new EnrolError('SY-ENROL-CONTACT', which);
  }
}
