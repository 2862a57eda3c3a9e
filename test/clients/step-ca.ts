// step-ca, unmodified, built from the module proxy (two minutes on two cores): a peer of the bench, not of the tests.
import type { Client, Installed } from './client.ts';
import { installGoProgram } from './go.ts';

export const stepCa: Client = { name: 'step-ca', install };

export function install(): Promise<Installed> {
  return installGoProgram({
    name: 'step-ca',
    module: 'github.com/smallstep/certificates',
    version: 'v0.30.2',
    sum: 'h1:1G3xBi8sJ740iA1mMPW2Svv7EIZKJ4Zf/iQtA5QlN0Y=',
    package: 'github.com/smallstep/certificates/cmd/step-ca',
  });
}
