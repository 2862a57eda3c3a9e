// Where a yard's services are: its signing config, read as cosign reads it.
import { parseSigningConfig, type SigningConfig, type SigningService } from '../formats/signing-config.ts';
import { isWithin } from '../formats/trusted-root.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Json } from '../ground/json.ts';

export interface Endpoints {
  /** Base URL of the Fulcio API. */
  readonly certificates: string;
  /** Base URL of the Rekor v2 API. */
  readonly log: string;
  /** Full URL of the RFC 3161 service. */
  readonly timestamp: string;
}

interface Moment {
  readonly now: Date;
  readonly yardUrl: string;
}

/** @throws SealyardError `SY-SIGN-YARD` */
export function readEndpoints(json: Json, o: Moment): Endpoints {
  const config = readConfig(json);
  return {
    // The CA's version stays 1 though its paths say v2, as in the public signing config.
    certificates: pick(config.caUrls, 'caUrls', 1, o),
    log: pick(config.rekorTlogUrls, 'rekorTlogUrls', 2, o),
    timestamp: pick(config.tsaUrls, 'tsaUrls', 1, o),
  };
}

function readConfig(json: Json): SigningConfig {
  try {
    return parseSigningConfig(json);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-SIGN-YARD', 'its signing config cannot be read', { cause: error });
  }
}

/** The valid service of our version with the newest start. */
function pick(services: readonly SigningService[], list: string, version: number, o: Moment): string {
  const [service] = services
    .filter(({ majorApiVersion, validFor }) => majorApiVersion === version && isWithin(validFor, o.now))
    .sort((a, b) => startOf(b) - startOf(a));
  if (service === undefined || !URL.canParse(service.url))
    throw new SealyardError('SY-SIGN-YARD', `its signing config has no usable ${list}`);
  const { protocol, origin } = new URL(service.url);
  // The token goes there: not over plain http, unless the yard itself was reached so.
  if (protocol !== 'https:' && origin !== new URL(o.yardUrl).origin)
    throw new SealyardError('SY-SIGN-YARD', `its signing config names ${list} without TLS`);
  return service.url.replace(/\/+$/, '');
}

function startOf(service: SigningService): number {
  return service.validFor.start?.getTime() ?? Number.NEGATIVE_INFINITY;
}
