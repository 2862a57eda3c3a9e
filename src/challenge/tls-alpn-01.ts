// tls-alpn-01 (RFC 8737, RFC 8738 §6): a handshake with ALPN `acme-tls/1` and a certificate made for the challenge.
import { judgeAlpnCertificate } from './alpn-certificate.ts';
import { connectTo, handshake, where } from './connect.ts';
import { settled, unsettled } from './failure.ts';
import type { Look } from './look.ts';
import { reverseName } from './reverse-name.ts';
import type { ValidationTarget } from './target.ts';

const PROTOCOL = 'acme-tls/1';

/** @throws ChallengeFailure */
export async function validateTlsAlpn(look: Look, target: ValidationTarget): Promise<void> {
  const { identifier } = target;
  const connection = await connectTo(look, identifier.value, look.view.tlsPort);
  const at = `${identifier.value} at ${where(connection.address, look.view.tlsPort)}`;
  const servername = identifier.type === 'ip' ? reverseName(identifier.value) : identifier.value;
  try {
    look.doing(`TLS handshake with ${at}`);
    const socket = await handshake(look, connection, { servername, protocols: [PROTOCOL] }, (why) =>
      unsettled('SY-CHALLENGE-TLS', `${at}, ALPN ${PROTOCOL}, server name ${servername}: ${why}`),
    );
    // RFC 8737 §3: a server that does not choose the protocol has not answered the challenge.
    if (socket.alpnProtocol !== PROTOCOL)
      throw settled('SY-CHALLENGE-TLS', `${at}: the server did not choose ALPN ${PROTOCOL}`);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw settled('SY-CHALLENGE-TLS', `${at}: there is no certificate`);
    const wrong = judgeAlpnCertificate(certificate.raw, target);
    if (wrong !== undefined) throw settled('SY-CHALLENGE-CERTIFICATE', `${at}: ${wrong}`);
    // RFC 8737 §3: nothing more is said, and the connection is closed in order.
    socket.destroySoon();
    look.saw({
      serverName: servername,
      certificateSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    });
  } catch (error) {
    connection.socket.destroy();
    throw error;
  }
}
