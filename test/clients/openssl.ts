// openssl, the system's own (3.0 or newer): a second opinion on every certificate, chain and timestamp that we make.
import { type Client, type Installed, runProgram } from './client.ts';

export const openssl: Client = { name: 'openssl', install };

export async function install(): Promise<Installed> {
  try {
    const { stdout } = await runProgram('openssl', ['version']);
    const version = /^OpenSSL (\d+\.\S+)/.exec(stdout)?.[1];
    if (version === undefined || Number.parseInt(version, 10) < 3) {
      return { skip: `the openssl of this machine is not OpenSSL 3: ${stdout.trim()}` };
    }
    return { path: 'openssl', version };
  } catch {
    return { skip: 'this machine has no openssl' };
  }
}
