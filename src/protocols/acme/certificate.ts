// POST-as-GET certificate (RFC 8555 §7.4.2, §9.1): the chain as PEM, with links to the alternates.
import type { OrderCertificate } from '../../enrol/enrolment.ts';
import { encodePem } from '../../formats/pem.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { requirePostAsGet } from './messages.ts';
import { acmeHeaders, link } from './reply.ts';
import { requestOfAccount } from './request.ts';

/** The default format, and the only one: an `Accept` header that wants another gets this one (RFC 9110 §12.5.1). */
const PEM_CHAIN = 'application/pem-certificate-chain';

export function certificate(request: DoorRequest, acme: Acme): DoorReply {
  const signed = requestOfAccount(request, acme);
  requirePostAsGet(signed);
  const found = acme.enrolment.orders.certificate(signed.account, request.params['serial'] ?? '');
  const index = chainIndex(request.params['chain']);
  const chain = index === undefined ? undefined : found.chains[index];
  if (index === undefined || chain === undefined) throw new SealyardError('SY-ENROL-NOT-FOUND');
  return {
    status: 200,
    headers: {
      'content-type': PEM_CHAIN,
      ...acmeHeaders(acme, { links: alternates(found, index, acme) }),
    },
    // §9.1: the leaf first, each of the following certifies the one before it, nothing else in the text.
    body: encodePem('CERTIFICATE', found.leaf) + chain.map(issuerPem).join(''),
  };
}

/** 0 is the chain of the certificate's own URL; alternates are numbered from 1. */
function chainIndex(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  return /^[1-9]\d?$/.test(text) ? Number(text) : undefined;
}

/** To each other chain; from an alternate the default is one too. */
function alternates({ serial, chains }: OrderCertificate, shown: number, acme: Acme): string[] {
  return chains.flatMap((_, index) =>
    index === shown
      ? []
      : [link(acme.urls.certificate(serial, index === 0 ? undefined : index), 'alternate')],
  );
}

// The same few issuers stand below every certificate: encoded once each.
const encoded = new WeakMap<Uint8Array, string>();

function issuerPem(der: Uint8Array): string {
  let pem = encoded.get(der);
  if (pem === undefined) {
    pem = encodePem('CERTIFICATE', der);
    encoded.set(der, pem);
  }
  return pem;
}
