// What may be asked of the issuing room, one shape for each profile, and what comes out.
import type { Authority } from '../authority/authority.ts';
import type { Certificate, NameConstraints } from '../formats/x509/certificate.ts';
import type { Commit, Records } from '../ground/change.ts';
import type { Actor } from '../ground/events.ts';
import type { EnvironmentName, IdentityName, Serial } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { Identity } from '../identity/identity.ts';
import type { Signer } from '../keys/signer.ts';
import type { Logs } from '../log/ports.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import type { RequestedName } from '../policy/issuance.ts';
import type { PublicKey } from '../verify/key.ts';
import type { ProvenKey } from './caller-key.ts';
import type { ClockGuard } from './clock-guard.ts';

/** Certificates whose form no policy changes: the yard's own ones and keyless ones; see `FIXED_PROFILES`. */
export type FixedProfileName =
  | 'root'
  | 'intermediate-ca'
  | 'issuing-ca'
  | 'listener'
  | 'timestamp'
  | 'ocsp-responder'
  | 'keyless';

/** `subscriber`: the form is that of the granted `IssuanceProfile`. */
export type ProfileName = FixedProfileName | 'subscriber';

/** What a ceremony says of a CA certificate; see `ceremonies/`. */
export interface CaTerms {
  /** Name DER. */
  readonly subject: Uint8Array;
  /** Subject key identifier; of a cross-certificate, the one that the key's other certificate has. */
  readonly keyId: Uint8Array;
  readonly lifetimeSeconds: number;
  /** RFC 5280 §4.2.1.9 pathLenConstraint; `undefined`: none. */
  readonly pathLength: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** `undefined`: for any use. */
  readonly extendedKeyUsage: readonly string[] | undefined;
}

export interface RootRequest {
  readonly profile: 'root';
  readonly signer: Signer;
  readonly terms: CaTerms;
}

/** An authority below one of ours, and a cross-certificate: what differs stands in the terms. */
export interface SubordinateCaRequest {
  /** `intermediate-ca` signs authorities, `issuing-ca` signs leaves. */
  readonly profile: 'intermediate-ca' | 'issuing-ca';
  /** The root or intermediate that signs. */
  readonly authority: Authority;
  readonly publicKey: PublicKey;
  readonly terms: CaTerms;
}

export interface ListenerRequest {
  readonly profile: 'listener';
  readonly authority: Authority;
  readonly publicKey: PublicKey;
  /** Host names and addresses, at least one, in the order in which they shall stand. */
  readonly names: readonly ListenerName[];
}
export type ListenerName =
  | { readonly type: 'dns'; readonly value: string }
  | { readonly type: 'ip'; readonly value: Uint8Array };

export interface TimestampCertificateRequest {
  readonly profile: 'timestamp';
  readonly authority: Authority;
  readonly publicKey: PublicKey;
  readonly organization: string;
}

/** The delegated responder of one authority (RFC 6960 §4.2.2.2): signed by that very authority. */
export interface OcspResponderRequest {
  readonly profile: 'ocsp-responder';
  readonly authority: Authority;
  readonly publicKey: PublicKey;
}

/** How a subscriber's request came in. */
export type Via = 'acme' | 'admin' | 'est' | 'vault' | 'renewal';

/**
 * A certificate for somebody's workload. What it may be was decided by policy (`grant`); from the certification request
 * come the key and the names alone.
 */
export interface SubscriberRequest {
  readonly profile: 'subscriber';
  /** Of the purpose that the granted profile names. */
  readonly authority: Authority;
  readonly grant: IssueGrant;
  readonly key: ProvenKey;
  /** As `issue/names.ts` reads them, without duplicates, in the order in which they shall stand. */
  readonly names: readonly RequestedName[];
  /** Not before now, at most a day ahead; an earlier one means now. */
  readonly notBefore?: Date;
  /** At most the grant's, which is the default. */
  readonly lifetimeSeconds?: number;
  readonly requester: Actor;
  readonly via: Via;
  /** The order that it was finalized for. */
  readonly order?: string;
}

/** The part of a granted decision (`decideSign`) that the certificate depends on. */
export interface SignGrant {
  readonly environment: EnvironmentName;
  readonly identity: IdentityName;
  readonly lifetimeSeconds: number;
  readonly line: number;
  /** Claims to embed, so that the identity's rule can be judged again from the certificate alone. */
  readonly claims: JsonObject;
}

export interface KeylessRequest {
  readonly profile: 'keyless';
  readonly authority: Authority;
  /** A key whose possession was proven for this identity's challenge. */
  readonly key: ProvenKey;
  readonly identity: Identity;
  readonly grant: SignGrant;
  readonly policyVersion: string;
}

export type CertificateRequest =
  | RootRequest
  | SubordinateCaRequest
  | ListenerRequest
  | TimestampCertificateRequest
  | OcspResponderRequest
  | SubscriberRequest
  | KeylessRequest;

/** What issuing stands on. */
export interface IssueDeps {
  readonly commit: Commit;
  readonly records: Records;
  readonly logs: Pick<Logs, 'spec' | 'logId'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly clockGuard: ClockGuard;
  /** How many certificates one identity token may get. */
  readonly certificatesPerToken: number;
  readonly urls: AuthorityUrls;
}

/** Where clients find status and issuers: the addresses that go into certificates. */
export interface AuthorityUrls {
  /** Base of the plain listener without a final slash, e.g. `http://ca.example:8080`; `undefined`: no addresses. */
  readonly plainUrl: string | undefined;
}

export interface IssuedCertificate {
  readonly certificate: Certificate;
  /** Leaf first, root last. */
  readonly chain: readonly Certificate[];
  readonly serial: Serial;
  /** Where the certificate log holds it (the precertificate's entry for keyless ones). */
  readonly logIndex: number;
  /** The embedded SCT as TLS bytes; keyless certificates only. */
  readonly sct?: Uint8Array;
}
