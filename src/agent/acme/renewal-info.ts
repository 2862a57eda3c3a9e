// When a server would like a certificate to be renewed (RFC 9773 §4).
import type { Certificate } from '../../formats/x509/certificate.ts';
import { fromHex, toBase64Url } from '../../ground/bytes.ts';
import { isObject } from '../../ground/json.ts';
import type { Clock } from '../../ground/ports.ts';
import type { RenewalWindow } from '../issuer.ts';
import { type AcmeTransport, jsonOf } from './transport.ts';

/** A server that names a longer time is asked daily all the same (RFC 9773 §4.3.3). */
const MOST_ASK_AGAIN_SECONDS = 86_400;
const LEAST_ASK_AGAIN_SECONDS = 60;
const DEFAULT_ASK_AGAIN_SECONDS = 6 * 3600;

/** `undefined` where the server gives no such information. */
export async function renewalWindowOf(
  transport: AcmeTransport,
  leaf: Certificate,
  clock: Clock,
  signal: AbortSignal,
): Promise<RenewalWindow | undefined> {
  const { renewalInfo } = await transport.directory(signal);
  const id = certificateId(leaf);
  if (renewalInfo === undefined || id === undefined) return undefined;
  const answer = await transport.get(`${renewalInfo.replace(/\/$/, '')}/${id}`, signal);
  const window = jsonOf(answer)['suggestedWindow'];
  if (!isObject(window)) return undefined;
  const [start, end] = [new Date(String(window['start'])), new Date(String(window['end']))];
  if (!(start.getTime() <= end.getTime())) return undefined;
  const wait = transport.retryAfter(answer) ?? DEFAULT_ASK_AGAIN_SECONDS;
  const seconds = Math.min(Math.max(wait, LEAST_ASK_AGAIN_SECONDS), MOST_ASK_AGAIN_SECONDS);
  return { start, end, askAgainAt: new Date(clock.now().getTime() + seconds * 1000) };
}

/** RFC 9773 §4.1: key identifier of the issuer and serial; `undefined` for a certificate without the former. */
export function certificateId(leaf: Certificate): string | undefined {
  const keyId = leaf.authorityKeyId;
  const serial = fromHex(leaf.serial);
  if (keyId === undefined || serial === undefined) return undefined;
  // The serial as DER has it: with a leading zero where the top bit is set.
  const octets = (serial[0] ?? 0) >= 0x80 ? new Uint8Array([0, ...serial]) : serial;
  return `${toBase64Url(keyId)}.${toBase64Url(octets)}`;
}
