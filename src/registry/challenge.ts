// WWW-Authenticate (RFC 9110 §11.6.1): what a registry wants before it answers.
const MAX_HEADER_LENGTH = 8192;

export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** The challenges that we can meet, Bearer first; other schemes and malformed parts are passed over. */
export function readChallenges(header: string | null): readonly Challenge[] {
  if (header === null || header.length > MAX_HEADER_LENGTH) return [];
  const found = split(header).flatMap(({ scheme, parameters }): Challenge[] => {
    if (scheme === 'basic') return [{ scheme }];
    const realm = parameters.get('realm');
    if (scheme !== 'bearer' || realm === undefined) return [];
    return [{ scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') }];
  });
  return found.sort((a, b) => Number(b.scheme === 'bearer') - Number(a.scheme === 'bearer'));
}

interface Part {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

// One step of the header: a parameter `name = token | "quoted"`, or else the scheme that starts a challenge. Sticky, so
// that each character is looked at once.
const PARAMETER = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const SCHEME = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)/y;

function split(header: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < header.length; ) {
    PARAMETER.lastIndex = at;
    const parameter = PARAMETER.exec(header);
    const current = parts.at(-1);
    if (parameter !== null && current !== undefined) {
      const value = parameter[2]?.replace(/\\(.)/g, '$1') ?? parameter[3] ?? '';
      const name = (parameter[1] ?? '').toLowerCase();
      // The first of a repeated parameter counts, so that a second cannot replace the realm.
      if (!current.parameters.has(name)) current.parameters.set(name, value);
      at = PARAMETER.lastIndex;
      continue;
    }
    SCHEME.lastIndex = at;
    const scheme = SCHEME.exec(header);
    if (scheme === null) break;
    parts.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() });
    at = SCHEME.lastIndex;
  }
  return parts;
}
