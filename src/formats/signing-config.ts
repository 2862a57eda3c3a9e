// Sigstore signing configuration v0.2: which services a client signs with (protobuf-specs sigstore_trustroot.proto).
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import { ProtoMessage } from './proto-json.ts';
import { readWindow, type ValidityWindow, windowJson } from './trusted-root.ts';

export interface SigningService {
  readonly url: string;
  readonly majorApiVersion: number;
  readonly validFor: ValidityWindow;
  readonly operator: string;
}

export type ServiceSelector = 'ANY' | 'ALL' | 'EXACT';

export interface ServiceChoice {
  readonly selector: ServiceSelector;
  /** For `EXACT` only. */
  readonly count?: number;
}

export interface SigningConfig {
  readonly caUrls: readonly SigningService[];
  readonly oidcUrls: readonly SigningService[];
  readonly rekorTlogUrls: readonly SigningService[];
  readonly rekorTlogConfig?: ServiceChoice;
  readonly tsaUrls: readonly SigningService[];
  readonly tsaConfig?: ServiceChoice;
}

export const SIGNING_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

const CONTEXT = { code: 'SY-SIGNING-CONFIG-MALFORMED' } as const;
const SERVICES = ['caUrls', 'oidcUrls', 'rekorTlogUrls', 'tsaUrls'] as const;
const MAX_SERVICES = 64;

/** @throws SealyardError `SY-SIGNING-CONFIG-MALFORMED` */
export function parseSigningConfig(json: Json): SigningConfig {
  if (!isObject(json) || json['mediaType'] !== SIGNING_CONFIG_MEDIA_TYPE)
    throw new SealyardError('SY-SIGNING-CONFIG-MALFORMED', 'mediaType');
  const known = ['mediaType', ...SERVICES, 'rekorTlogConfig', 'tsaConfig'];
  const config = new ProtoMessage(json, 'signingConfig', CONTEXT, known);
  const services = (name: (typeof SERVICES)[number]): SigningService[] =>
    config.messages(name, ['url', 'majorApiVersion', 'validFor', 'operator'], MAX_SERVICES).map(readService);
  const rekorTlogConfig = readChoice(config, 'rekorTlogConfig');
  const tsaConfig = readChoice(config, 'tsaConfig');
  return {
    caUrls: services('caUrls'),
    oidcUrls: services('oidcUrls'),
    rekorTlogUrls: services('rekorTlogUrls'),
    tsaUrls: services('tsaUrls'),
    ...(rekorTlogConfig === undefined ? {} : { rekorTlogConfig }),
    ...(tsaConfig === undefined ? {} : { tsaConfig }),
  };
}

function readService(service: ProtoMessage): SigningService {
  const window = service.optionalMessage('validFor', ['start', 'end']);
  return {
    url: service.text('url', 2048),
    majorApiVersion: service.count('majorApiVersion'),
    validFor: window === undefined ? {} : readWindow(window),
    operator: service.optionalText('operator', 256) ?? '',
  };
}

function readChoice(config: ProtoMessage, name: string): ServiceChoice | undefined {
  const choice = config.optionalMessage(name, ['selector', 'count']);
  if (choice === undefined) return undefined;
  const selector = choice.text('selector', 32);
  if (selector !== 'ANY' && selector !== 'ALL' && selector !== 'EXACT')
    throw choice.refusal('selector', 'is not ANY, ALL or EXACT');
  const count = choice.count('count');
  return count === 0 ? { selector } : { selector, count };
}

export function signingConfigJson(config: SigningConfig): JsonObject {
  return {
    mediaType: SIGNING_CONFIG_MEDIA_TYPE,
    caUrls: config.caUrls.map(serviceJson),
    oidcUrls: config.oidcUrls.map(serviceJson),
    rekorTlogUrls: config.rekorTlogUrls.map(serviceJson),
    ...(config.rekorTlogConfig === undefined ? {} : { rekorTlogConfig: { ...config.rekorTlogConfig } }),
    tsaUrls: config.tsaUrls.map(serviceJson),
    ...(config.tsaConfig === undefined ? {} : { tsaConfig: { ...config.tsaConfig } }),
  };
}

function serviceJson(service: SigningService): JsonObject {
  return {
    url: service.url,
    majorApiVersion: service.majorApiVersion,
    validFor: windowJson(service.validFor),
    operator: service.operator,
  };
}
