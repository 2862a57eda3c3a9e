// A laboratory that stands in for the internet: it answers http-01, dns-01 and tls-alpn-01 on loopback for any name.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, isIP, type Server } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { addressOctets, reverseName } from '../../src/challenge/reverse-name.ts';
import type { ChallengeConfig } from '../../src/challenge/validator.ts';
import type { GeneralName } from '../../src/formats/x509/general-names.ts';
import { type AlpnCertificate, alpnCertificate } from './alpn-certificate.ts';
import { DnsServer } from './dns-server.ts';

export interface ChallengeLabOptions {
  /** Default 0: any free port. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
}

/** Every name that the zone does not know leads to 127.0.0.1; answers stay until they are taken away. */
export class ChallengeLab {
  readonly dns: DnsServer;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly #files: Map<string, string>;
  readonly #certificates: Map<string, AlpnCertificate>;
  readonly #servers: readonly Server[];

  private constructor(o: {
    readonly dns: DnsServer;
    readonly servers: readonly [http: Server, tls: Server];
    readonly files: Map<string, string>;
    readonly certificates: Map<string, AlpnCertificate>;
  }) {
    this.dns = o.dns;
    this.#servers = o.servers;
    this.#files = o.files;
    this.#certificates = o.certificates;
    [this.httpPort, this.tlsPort] = o.servers.map((server) => (server.address() as AddressInfo).port) as [
      number,
      number,
    ];
  }

  static async start(o: ChallengeLabOptions = {}): Promise<ChallengeLab> {
    const files = new Map<string, string>();
    const certificates = new Map<string, AlpnCertificate>();
    const dns = await DnsServer.start();
    dns.wildcardAddress = '127.0.0.1';
    const servers = [fileServer(files), alpnServer(certificates)] as const;
    for (const [index, server] of servers.entries()) {
      server.listen([o.httpPort ?? 0, o.tlsPort ?? 0][index], '127.0.0.1');
      await once(server, 'listening');
    }
    return new ChallengeLab({ dns, servers: [servers[0], servers[1]], files, certificates });
  }

  /** What a validator needs to look here and nowhere else. */
  get config(): Pick<ChallengeConfig, 'resolvers' | 'httpPort' | 'tlsPort' | 'allowNetworks'> {
    const { httpPort, tlsPort } = this;
    return { resolvers: [this.dns.address], httpPort, tlsPort, allowNetworks: ['127.0.0.1/32'] };
  }

  answerHttp(token: string, keyAuthorization: string): void {
    this.#files.set(`/.well-known/acme-challenge/${token}`, keyAuthorization);
  }

  /** @param name without `*.` */
  answerDns(name: string, keyAuthorization: string): void {
    const digest = createHash('sha256').update(keyAuthorization).digest('base64url');
    this.dns.txt(`_acme-challenge.${name}`, digest);
  }

  /** @param identifier a name or an IP address */
  answerTlsAlpn(identifier: string, keyAuthorization: string): void {
    const name: GeneralName =
      isIP(identifier) === 0
        ? { type: 'dns', value: identifier }
        : { type: 'ip', value: addressOctets(identifier) };
    const serverName = isIP(identifier) === 0 ? identifier : reverseName(identifier);
    this.#certificates.set(serverName, alpnCertificate({ names: [name], keyAuthorization }));
  }

  /** Takes every answer away; records of the zone stay. */
  forget(): void {
    this.#files.clear();
    this.#certificates.clear();
  }

  close(): void {
    this.dns.close();
    for (const server of this.#servers) server.close();
  }
}

function fileServer(files: ReadonlyMap<string, string>): Server {
  return createHttpServer({ keepAlive: false }, (request, response) => {
    const file = files.get(request.url ?? '');
    response
      .writeHead(file === undefined ? 404 : 200, { 'content-type': 'application/octet-stream' })
      .end(file);
  });
}

function alpnServer(certificates: ReadonlyMap<string, AlpnCertificate>): Server {
  const server = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (name, done) => {
      const found = certificates.get(name);
      if (found === undefined) done(new Error('no certificate'));
      else done(null, createSecureContext(found));
    },
  });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).end());
  return server.on('tlsClientError', () => undefined);
}
