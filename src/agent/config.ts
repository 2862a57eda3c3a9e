// The agent's configuration as values: issuers, certificates, what is written where and who is told.
import type { KeyKind, RequestedName } from '../policy/issuance.ts';

export interface AgentConfig {
  /** Folder of keys, certificates and accounts; belongs to one agent. */
  readonly state: string;
  /** Where status and metrics are served; absent: nowhere. */
  readonly status: Address | undefined;
  readonly issuers: ReadonlyMap<string, IssuerConfig>;
  readonly certificates: readonly CertificateConfig[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type IssuerConfig =
  | {
      readonly type: 'yard';
      readonly server: string;
      readonly roots: string | undefined;
      readonly tokenFile: string;
    }
  | {
      readonly type: 'acme';
      readonly directory: string;
      readonly roots: string | undefined;
      readonly contacts: readonly string[];
      readonly termsAgreed: boolean;
      readonly binding: { readonly keyId: string; readonly keyFile: string } | undefined;
      readonly challenges: readonly ChallengeConfig[];
    };

export type ChallengeConfig =
  | { readonly kind: 'http'; readonly address: Address }
  | { readonly kind: 'webroot'; readonly folder: string }
  | { readonly kind: 'dns'; readonly command: readonly [string, ...string[]] };

export interface CertificateConfig {
  readonly name: string;
  readonly issuer: string;
  readonly names: readonly [RequestedName, ...RequestedName[]];
  readonly profile: string | undefined;
  readonly key: KeyKind;
  readonly lifetimeSeconds: number | undefined;
  readonly files: readonly FileConfig[];
  readonly reload: readonly ReloadConfig[];
  readonly check: CheckConfig | undefined;
}

export const FILE_CONTENTS = [
  'certificate',
  'chain',
  'fullchain',
  'key',
  'combined',
  'pkcs12',
  'truststore',
] as const;
export type FileContent = (typeof FILE_CONTENTS)[number];

export interface FileConfig {
  readonly path: string;
  readonly content: FileContent;
  /** Permission bits. */
  readonly mode: number;
  /** `user`, `user:group` or numbers; absent: whoever runs the agent. */
  readonly owner: string | undefined;
  /** Of PKCS #12. */
  readonly passwordFile: string | undefined;
}

export type ReloadConfig =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly pidFile: string }
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]] }
  | { readonly kind: 'http'; readonly url: string; readonly roots: string | undefined }
  | { readonly kind: 'systemd'; readonly unit: string };

export interface CheckConfig {
  readonly address: Address;
  /** Server name that is asked for; default: the first DNS name. */
  readonly serverName: string | undefined;
}
