// in-toto statements (in-toto/attestation spec v1): which subjects, by digest, a predicate is about.
import { fromUtf8, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

export interface Subject {
  readonly name?: string;
  /** Algorithm name to lower-case hex. */
  readonly digest: Readonly<Record<string, string>>;
}

export interface Statement {
  readonly type: string;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: Json;
}

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** Still made by old clients; read, never written. */
const STATEMENT_TYPE_V01 = 'https://in-toto.io/Statement/v0.1';
/** The predicate of a cosign v3 image signature: the statement is the signature of its subject and says nothing else. */
export const SIGNATURE_PREDICATE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

const MAX_SUBJECTS = 1024;
const MAX_DIGESTS = 16;
const MAX_TEXT = 4096;
const BOUNDS = { maxLength: 16 * 1024 * 1024, maxDepth: 64 };

/**
 * Reads a statement. Unknown members are ignored, as the specification asks of consumers; the ones that we use are
 * held to their types.
 * @throws SealyardError `SY-STATEMENT-MALFORMED`
 */
export function parseStatement(bytes: Uint8Array): Statement {
  const text = fromUtf8(bytes);
  if (text === undefined) refuse('not UTF-8');
  const json = parseJson(text, BOUNDS);
  if (!isObject(json)) refuse('not an object');
  const type = json['_type'];
  if (type !== STATEMENT_TYPE && type !== STATEMENT_TYPE_V01) refuse('_type is not that of a statement');
  const subjects = json['subject'];
  if (!Array.isArray(subjects) || subjects.length === 0) refuse('subject is empty');
  if (subjects.length > MAX_SUBJECTS) refuse(`more than ${MAX_SUBJECTS} subjects`);
  return {
    type,
    subject: subjects.map(readSubject),
    predicateType: readText(json['predicateType'], 'predicateType'),
    predicate: json['predicate'] ?? null,
  };
}

function readSubject(json: Json): Subject {
  if (!isObject(json)) refuse('a subject is not an object');
  const digest = readDigests(json['digest']);
  const name = json['name'];
  if (name === undefined || name === null || name === '') return { digest };
  return { name: readText(name, 'subject.name'), digest };
}

function readDigests(json: Json | undefined): Record<string, string> {
  if (!isObject(json)) refuse('subject.digest is missing');
  const entries = Object.entries(json);
  if (entries.length === 0 || entries.length > MAX_DIGESTS)
    refuse('subject.digest has too few or many entries');
  // No prototype: the algorithm's name is the sender's text.
  const digests: Record<string, string> = Object.create(null);
  for (const [algorithm, value] of entries)
    digests[algorithm] = readText(value, 'subject.digest').toLowerCase();
  return digests;
}

function readText(json: Json | undefined, name: string): string {
  if (typeof json !== 'string' || json === '') refuse(`${name} is missing`);
  if (json.length > MAX_TEXT) refuse(`${name} is too long`);
  return json;
}

function refuse(detail: string): never {
  throw new SealyardError('SY-STATEMENT-MALFORMED', detail);
}

/** The statement's bytes: canonical JSON, so that the same statement has the same digest. */
export function encodeStatement(statement: Statement): Uint8Array {
  const json: JsonObject = {
    _type: statement.type,
    subject: statement.subject.map(({ name, digest }) =>
      name === undefined ? { digest: { ...digest } } : { name, digest: { ...digest } },
    ),
    predicateType: statement.predicateType,
    predicate: statement.predicate,
  };
  return toUtf8(canonicalJson(json));
}
