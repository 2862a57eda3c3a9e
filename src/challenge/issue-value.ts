// The value of an `issue` property (RFC 8659 §4.2): an authority's domain and parameters; CAA and dns-persist-01 share it.

export interface IssueValue {
  /** Lower case; '' where no authority is named, which forbids all. */
  readonly domain: string;
  /** In order of appearance; tags in lower case, values as written. */
  readonly parameters: readonly { readonly tag: string; readonly value: string }[];
}

const MAX_LENGTH = 4096;
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const TAG = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
// %x21-3A / %x3C-7E: printable, neither a semicolon nor white space.
const VALUE = /^[\x21-\x3a\x3c-\x7e]*$/;

/** `undefined` where the text does not follow the grammar: such a property names nobody. */
export function parseIssueValue(text: string): IssueValue | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [first = '', ...rest] = text.split(';');
  const domain = trim(first).toLowerCase();
  if (domain !== '' && (domain.length > 253 || !DOMAIN.test(domain))) return undefined;
  // `;` alone, and one after the last parameter, which many write although the grammar has none there.
  if (rest.length > 0 && trim(rest.at(-1) ?? '') === '') rest.pop();
  const parameters: { tag: string; value: string }[] = [];
  for (const part of rest) {
    const equals = part.indexOf('=');
    const tag = trim(part.slice(0, Math.max(equals, 0))).toLowerCase();
    const value = trim(part.slice(equals + 1));
    if (equals < 0 || tag.length > 64 || !TAG.test(tag) || !VALUE.test(value)) return undefined;
    parameters.push({ tag, value });
  }
  return { domain, parameters };
}

/** The values of one parameter; more than one is nearly always a mistake that the caller must refuse. */
export function parameterValues(value: IssueValue, tag: string): readonly string[] {
  return value.parameters.filter((parameter) => parameter.tag === tag).map((parameter) => parameter.value);
}

/** WSP is space and tab alone (RFC 5234 appendix B.1). */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && ' \t'.includes(text.charAt(start))) start++;
  while (end > start && ' \t'.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
