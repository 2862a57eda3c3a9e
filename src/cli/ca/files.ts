// Files of `sealyard ca`: certificates read as PEM or DER, and the forms that an authority is exported in.
import { certificatesOnly } from '../../formats/certificates-only.ts';
import { decodePem, encodePem } from '../../formats/pem.ts';
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { JsonObject } from '../../ground/json.ts';
import { readBytes, readText } from '../files.ts';
import { textsOf } from './render.ts';

/** What the admin API takes in one request. */
const MAX_FILE_BYTES = 64 * 1024;
const MAX_PASSPHRASE_BYTES = 1024;

/** PEM of all certificates in the files; a DER file counts as one. @throws SealyardError `SY-CLI-FILE` */
export function certificatesOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const bytes = readBytes(path, MAX_FILE_BYTES);
      // 0x30, the SEQUENCE that a DER certificate is, is '0' in a text, and no PEM file begins with it.
      if (bytes[0] === 0x30) return encodePem('CERTIFICATE', bytes);
      const text = fromUtf8(bytes);
      if (text === undefined) throw new SealyardError('SY-CLI-FILE', `${path} is neither PEM nor DER`);
      return text.endsWith('\n') ? text : `${text}\n`;
    })
    .join('');
}

export function keyOf(path: string): string {
  return readText(path, MAX_FILE_BYTES);
}

/** Without the line end that editors leave; spaces are a part of it. */
export function passphraseOf(path: string): string {
  return readText(path, MAX_PASSPHRASE_BYTES).replace(/\r?\n$/, '');
}

export const FORMS = ['chain', 'certificate', 'der', 'p7c', 'csr'] as const;
export type Form = (typeof FORMS)[number];

/**
 * @param answer of `GET /admin/v1/authorities/:id`
 * @param alternate 0 is the default chain
 * @throws SealyardError `SY-CLI-USAGE` where the authority has nothing of this form
 */
export function exported(answer: JsonObject, form: Form, alternate: number): string | Uint8Array {
  if (form === 'csr') {
    const { csr } = answer;
    if (typeof csr !== 'string') throw new SealyardError('SY-CLI-USAGE', 'no request waits to be signed');
    return csr;
  }
  const chain = alternate === 0 ? textsOf(answer, 'chain') : alternateOf(answer, alternate);
  const [certificate] = chain;
  if (certificate === undefined)
    throw new SealyardError(
      'SY-CLI-USAGE',
      alternate === 0 ? 'it has no certificate yet' : 'no such alternate',
    );
  switch (form) {
    case 'chain':
      return chain.join('');
    case 'certificate':
      return certificate;
    case 'der':
      return derOf(certificate);
    case 'p7c':
      return certificatesOnly(chain.map(derOf));
  }
}

function alternateOf(answer: JsonObject, n: number): readonly string[] {
  const { alternates } = answer;
  const chain = Array.isArray(alternates) ? alternates[n - 1] : undefined;
  return textsOf({ chain: chain ?? [] }, 'chain');
}

function derOf(pem: string): Uint8Array {
  const [block] = decodePem(pem);
  if (block === undefined) throw new SealyardError('SY-CLI-YARD-ANSWER', 'no certificate in the answer');
  return block.der;
}
