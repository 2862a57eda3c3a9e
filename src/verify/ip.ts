// IP addresses as text to octets, strictly: dotted decimal without leading zeros, and RFC 4291 §2.2 for IPv6.

/** 4 or 16 octets; `undefined` for anything else, zone identifiers and odd IPv4 spellings included. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const valid =
    parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);
  return valid ? Uint8Array.from(parts.map(Number)) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => groupsOf(half));
  const [head, tail] = groups;
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const written = head.length + (tail?.length ?? 0);
  if (tail === undefined ? written !== 8 : written > 7) return undefined;
  const all = [...head, ...new Array<number>(8 - written).fill(0), ...(tail ?? [])];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const embedded = i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (embedded !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = embedded;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/**
 * The canonical text of an address: dotted decimal, or RFC 5952 (lower case, the longest run of zeros shortened).
 * @param octets 4 or 16
 */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new TypeError('an address has 4 or 16 octets');
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2));
  const [start, length] = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** RFC 5952 §4.2: the first of the longest runs. */
function longestZeros(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0, run = 0; start + run <= groups.length; ) {
    if (groups[start + run] === 0) run++;
    else {
      if (run > best[1]) best = [start, run];
      start += run + 1;
      run = 0;
    }
  }
  return best;
}
