// Reads the agent's YAML: every mistake with its line and the nearest right word.
import { SealyardError } from '../ground/errors.ts';
import { Findings, readDocument, type Value } from '../policy/document.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { nameObjection } from '../policy/requested-name.ts';
import { type Fields, Reader } from '../policy/shape.ts';
import {
  type Address,
  type AgentConfig,
  type CertificateConfig,
  type ChallengeConfig,
  type CheckConfig,
  FILE_CONTENTS,
  type FileConfig,
  type IssuerConfig,
  type ReloadConfig,
} from './config.ts';
import { KEY_KINDS } from './key.ts';
import { readName } from './names.ts';

const MOST_CERTIFICATES = 10_000;
const MOST_ITEMS = 50;
const DAY = 86_400;
const SECRET_CONTENTS: readonly string[] = ['key', 'combined', 'pkcs12'];
const SIGNALS = ['HUP', 'USR1', 'USR2', 'TERM', 'WINCH'] as const;

/** @throws SealyardError `SY-AGENT-CONFIG` whose detail names file and line */
export function readAgentConfig(text: string, file: string): AgentConfig {
  const findings = new Findings();
  const value = readDocument(text, findings);
  const config = value === undefined ? undefined : new ConfigReader(findings).read(value);
  if (config !== undefined && findings.list.length === 0) return config;
  const shown = findings.list.slice(0, 5).map(({ line, message }) => `${file}:${line}: ${message}`);
  throw new SealyardError('SY-AGENT-CONFIG', shown.join('; '));
}

class ConfigReader {
  readonly #reader: Reader;

  constructor(findings: Findings) {
    this.#reader = new Reader(findings);
  }

  read(value: Value): AgentConfig | undefined {
    const known = {
      apiVersion: true,
      kind: true,
      state: true,
      status: false,
      issuers: true,
      certificates: true,
    };
    const fields = this.#reader.fields(value, known);
    if (fields === undefined) return undefined;
    this.#reader.oneOf(required(fields, 'apiVersion'), ['sealyard/v1']);
    this.#reader.oneOf(required(fields, 'kind'), ['Agent']);
    const state = this.#reader.text(required(fields, 'state'))?.value;
    const status = optional(fields, 'status', (each) => this.#address(each));
    const issuers = this.#issuers(required(fields, 'issuers'));
    const certificates = this.#certificates(required(fields, 'certificates'), issuers);
    return state === undefined ? undefined : { state, status, issuers, certificates };
  }

  #issuers(value: Value): Map<string, IssuerConfig> {
    const issuers = new Map<string, IssuerConfig>();
    for (const [name, entry] of this.#reader.map(value)?.entries ?? []) {
      const issuer = this.#issuer(entry.value);
      if (this.#reader.name(entry.key) !== undefined && issuer !== undefined) issuers.set(name, issuer);
    }
    return issuers;
  }

  #issuer(value: Value): IssuerConfig | undefined {
    const map = this.#reader.map(value);
    const type = map?.entries.get('type')?.value;
    if (map === undefined) return undefined;
    if (type === undefined) {
      this.#reader.findings.add(map, '"type" is missing: yard or acme');
      return undefined;
    }
    return this.#reader.oneOf(type, ['yard', 'acme']) === 'acme' ? this.#acme(map) : this.#yard(map);
  }

  #yard(value: Value): IssuerConfig | undefined {
    const known = { type: true, server: true, roots: false, 'token-file': true };
    const fields = this.#reader.fields(value, known);
    if (fields === undefined) return undefined;
    const server = this.#url(required(fields, 'server'));
    const tokenFile = this.#reader.text(required(fields, 'token-file'))?.value;
    const roots = this.#optionalText(fields, 'roots');
    return server === undefined || tokenFile === undefined
      ? undefined
      : { type: 'yard', server, tokenFile, roots };
  }

  #acme(value: Value): IssuerConfig | undefined {
    const known = {
      type: true,
      directory: true,
      roots: false,
      contacts: false,
      'agree-to-terms': false,
      binding: false,
      challenges: false,
    };
    const fields = this.#reader.fields(value, known);
    if (fields === undefined) return undefined;
    const directory = this.#url(required(fields, 'directory'));
    const binding = optional(fields, 'binding', (each) => this.#binding(each));
    const challenges = this.#reader.rows(fields.get('challenges'), MOST_ITEMS, (each) =>
      this.#challenge(each),
    );
    if (directory === undefined) return undefined;
    return {
      type: 'acme',
      directory,
      roots: this.#optionalText(fields, 'roots'),
      contacts: optional(fields, 'contacts', (each) => this.#reader.texts(each)) ?? [],
      termsAgreed: optional(fields, 'agree-to-terms', (each) => this.#reader.boolean(each)) ?? false,
      binding,
      challenges: challenges ?? [],
    };
  }

  #binding(value: Value): { keyId: string; keyFile: string } | undefined {
    const fields = this.#reader.fields(value, { 'key-id': true, 'key-file': true });
    if (fields === undefined) return undefined;
    const keyId = this.#reader.text(required(fields, 'key-id'))?.value;
    const keyFile = this.#reader.text(required(fields, 'key-file'))?.value;
    return keyId === undefined || keyFile === undefined ? undefined : { keyId, keyFile };
  }

  #challenge(value: Value): ChallengeConfig | undefined {
    const only = this.#only(value, ['http', 'webroot', 'dns']);
    if (only?.word === 'http') {
      const address = this.#address(only.value);
      return address === undefined ? undefined : { kind: 'http', address };
    }
    if (only?.word === 'webroot') {
      const folder = this.#reader.text(only.value)?.value;
      return folder === undefined ? undefined : { kind: 'webroot', folder };
    }
    const command = only === undefined ? undefined : this.#command(only.value);
    return command === undefined ? undefined : { kind: 'dns', command };
  }

  #certificates(value: Value, issuers: ReadonlyMap<string, IssuerConfig>): CertificateConfig[] {
    const map = this.#reader.map(value);
    const certificates: CertificateConfig[] = [];
    if (map === undefined) return certificates;
    if (map.entries.size > MOST_CERTIFICATES)
      this.#reader.findings.add(map, `more than ${MOST_CERTIFICATES} certificates`);
    const paths = new Map<string, string>();
    for (const [name, entry] of map.entries) {
      this.#reader.name(entry.key);
      const certificate = this.#certificate(name, entry.value, issuers);
      if (certificate === undefined) continue;
      this.#refuseSharedFiles(certificate, entry.value, paths);
      certificates.push(certificate);
    }
    return certificates;
  }

  #refuseSharedFiles(certificate: CertificateConfig, value: Value, paths: Map<string, string>): void {
    for (const { path } of certificate.files) {
      const other = paths.get(path);
      if (other !== undefined)
        this.#reader.findings.add(value, `${path} is written twice, for ${other} and ${certificate.name}`);
      paths.set(path, certificate.name);
    }
  }

  #certificate(
    name: string,
    value: Value,
    issuers: ReadonlyMap<string, IssuerConfig>,
  ): CertificateConfig | undefined {
    const known = {
      issuer: true,
      names: true,
      profile: false,
      key: false,
      lifetime: false,
      files: true,
      reload: false,
      check: false,
    };
    const fields = this.#reader.fields(value, known);
    if (fields === undefined) return undefined;
    const issuer = this.#reader.oneOf(required(fields, 'issuer'), [...issuers.keys()]);
    const [first, ...more] =
      this.#reader.rows(required(fields, 'names'), 100, (each) => this.#name(each)) ?? [];
    if (first === undefined) this.#reader.findings.add(value, '"names" has no name');
    if (issuer === undefined || first === undefined) return undefined;
    return {
      name,
      issuer,
      names: [first, ...more],
      profile: this.#optionalText(fields, 'profile'),
      key: optional(fields, 'key', (each) => this.#reader.oneOf(each, KEY_KINDS)) ?? 'ec-p256',
      lifetimeSeconds: optional(fields, 'lifetime', (each) => this.#reader.duration(each, 300, 3650 * DAY)),
      files: this.#reader.rows(fields.get('files'), MOST_ITEMS, (each) => this.#file(each)) ?? [],
      reload: this.#reader.rows(fields.get('reload'), MOST_ITEMS, (each) => this.#reload(each)) ?? [],
      check: optional(fields, 'check', (each) => this.#check(each)),
    };
  }

  #name(value: Value): RequestedName | undefined {
    const text = this.#reader.text(value);
    if (text === undefined) return undefined;
    const name = readName(text.value);
    const objection = nameObjection(name);
    if (objection === undefined) return name;
    this.#reader.findings.add(value, `"${text.value}" ${objection}`);
    return undefined;
  }

  #file(value: Value): FileConfig | undefined {
    const known = { path: true, content: true, mode: false, owner: false, 'password-file': false };
    const fields = this.#reader.fields(value, known);
    if (fields === undefined) return undefined;
    const path = this.#reader.text(required(fields, 'path'))?.value;
    const content = this.#reader.oneOf(required(fields, 'content'), FILE_CONTENTS);
    if (path === undefined || content === undefined) return undefined;
    const isStore = content === 'pkcs12' || content === 'truststore';
    if (isStore && fields.get('password-file') === undefined)
      this.#reader.findings.add(value, `"password-file" is missing: ${content} has a password`);
    const usual = SECRET_CONTENTS.includes(content) ? 0o600 : 0o644;
    return {
      path,
      content,
      mode: optional(fields, 'mode', (each) => this.#mode(each, content)) ?? usual,
      owner: this.#optionalText(fields, 'owner'),
      passwordFile: this.#optionalText(fields, 'password-file'),
    };
  }

  #mode(value: Value, content: string): number | undefined {
    const text = value.kind === 'scalar' ? String(value.value) : '';
    const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;
    if (mode === undefined)
      this.#reader.findings.add(value, '"mode" must be octal digits in quotes, such as "0640"');
    else if (SECRET_CONTENTS.includes(content) && (mode & 0o007) !== 0)
      this.#reader.findings.add(value, `"mode" lets everybody read a private key`);
    return mode;
  }

  #reload(value: Value): ReloadConfig | undefined {
    const map = this.#reader.map(value);
    if (map === undefined) return undefined;
    if (map.entries.has('signal')) return this.#signal(map);
    if (map.entries.has('http')) return this.#http(map);
    const only = this.#only(map, ['command', 'systemd']);
    if (only?.word === 'systemd') {
      const unit = this.#reader.text(only.value)?.value;
      return unit === undefined ? undefined : { kind: 'systemd', unit };
    }
    const command = only === undefined ? undefined : this.#command(only.value);
    return command === undefined ? undefined : { kind: 'command', command };
  }

  #signal(value: Value): ReloadConfig | undefined {
    const fields = this.#reader.fields(value, { signal: true, 'pid-file': true });
    if (fields === undefined) return undefined;
    const word = this.#reader.oneOf(required(fields, 'signal'), SIGNALS);
    const pidFile = this.#reader.text(required(fields, 'pid-file'))?.value;
    return word === undefined || pidFile === undefined
      ? undefined
      : { kind: 'signal', signal: `SIG${word}`, pidFile };
  }

  #http(value: Value): ReloadConfig | undefined {
    const fields = this.#reader.fields(value, { http: true, roots: false });
    const url = fields === undefined ? undefined : this.#url(required(fields, 'http'));
    if (fields === undefined || url === undefined) return undefined;
    return { kind: 'http', url, roots: this.#optionalText(fields, 'roots') };
  }

  #check(value: Value): CheckConfig | undefined {
    const fields = this.#reader.fields(value, { address: true, 'server-name': false });
    const address = fields === undefined ? undefined : this.#address(required(fields, 'address'));
    if (fields === undefined || address === undefined) return undefined;
    return { address, serverName: this.#optionalText(fields, 'server-name') };
  }

  #command(value: Value): readonly [string, ...string[]] | undefined {
    const [program, ...args] = this.#reader.texts(value) ?? [];
    return program === undefined ? undefined : [program, ...args];
  }

  #address(value: Value): Address | undefined {
    const text = this.#reader.text(value);
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text?.value ?? '');
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host !== undefined && port <= 65_535) return { host, port };
    if (text !== undefined)
      this.#reader.findings.add(value, `"${text.value}" is not an address such as 127.0.0.1:80`);
    return undefined;
  }

  #url(value: Value): string | undefined {
    const text = this.#reader.text(value)?.value;
    if (text === undefined) return undefined;
    const url = URL.parse(text);
    if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '')
      return text;
    this.#reader.findings.add(value, `"${text}" is not an https URL`);
    return undefined;
  }

  #optionalText(fields: Fields, key: string): string | undefined {
    return optional(fields, key, (value) => this.#reader.text(value)?.value);
  }

  /** A map with exactly one of these keys. */
  #only<Word extends string>(value: Value, words: readonly Word[]): { word: Word; value: Value } | undefined {
    const map = this.#reader.map(value);
    if (map === undefined) return undefined;
    const [entry, ...more] = [...map.entries];
    const word = words.find((each) => each === entry?.[0]);
    if (entry !== undefined && word !== undefined && more.length === 0)
      return { word, value: entry[1].value };
    this.#reader.findings.add(map, `one of ${words.join(', ')} was expected`);
    return undefined;
  }
}

function required(fields: Fields, key: string): Value {
  const value = fields.get(key);
  if (value === undefined) throw new TypeError(`${key} was not required`);
  return value;
}

function optional<T>(fields: Fields, key: string, read: (value: Value) => T | undefined): T | undefined {
  const value = fields.get(key);
  return value === undefined ? undefined : read(value);
}
