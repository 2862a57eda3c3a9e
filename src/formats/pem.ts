// PEM, the strict text form of RFC 7468 with the line lengths that real programs write.
import { fromBase64, toBase64 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';

export interface PemBlock {
  /** The words between BEGIN and the dashes, e.g. `CERTIFICATE`. */
  readonly label: string;
  readonly der: Uint8Array;
}

const MAX_TEXT = 4 * 1024 * 1024;
const MAX_BLOCKS = 1024;
const LABEL = /^[A-Z0-9][A-Z0-9 #.]{0,63}$/;

/** One block, 64 characters a line, final newline. */
export function encodePem(label: string, der: Uint8Array): string {
  if (!LABEL.test(label)) throw new TypeError('not a PEM label');
  const body = toBase64(der);
  let lines = '';
  for (let at = 0; at < body.length; at += 64) lines += `${body.slice(at, at + 64)}\n`;
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/**
 * All blocks of a text, at least one. Text between blocks is allowed (RFC 7468 §2), within them nothing but canonical
 * base64: no headers, so no encrypted keys of the old kind.
 * @throws SealyardError `SY-PEM-MALFORMED`
 */
export function decodePem(text: string): PemBlock[] {
  if (text.length > MAX_TEXT) throw broken('the text is too long');
  const blocks: PemBlock[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const label = /^-----(?:BEGIN|END) (.*)-----$/.exec(line)?.[1];
    if (line.startsWith('-----BEGIN ')) {
      if (open !== undefined || label === undefined || !LABEL.test(label)) throw broken('a bad BEGIN line');
      open = { label, lines: [] };
    } else if (line.startsWith('-----END ')) {
      if (open === undefined || label !== open.label) throw broken('an END line without its BEGIN');
      blocks.push({ label, der: decodeBody(open.lines) });
      if (blocks.length > MAX_BLOCKS) throw broken('too many blocks');
      open = undefined;
    } else open?.lines.push(line);
  }
  if (open !== undefined) throw broken('a BEGIN line without its END');
  if (blocks.length === 0) throw broken('no block');
  return blocks;
}

function decodeBody(lines: readonly string[]): Uint8Array {
  const der = fromBase64(lines.join(''));
  if (der === undefined || der.length === 0) throw broken('bad base64');
  return der;
}

function broken(detail: string): SealyardError {
  return new SealyardError('SY-PEM-MALFORMED', detail);
}
