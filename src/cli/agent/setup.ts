// From the agent's configuration to running parts: files read, issuers and solvers built, one keeper a certificate.
import { AcmeIssuer } from '../../agent/acme/client.ts';
import { dnsSolver, listeningSolver, type Solver, webrootSolver } from '../../agent/acme/solver.ts';
import { Agent } from '../../agent/agent.ts';
import type { AgentConfig, ChallengeConfig, IssuerConfig } from '../../agent/config.ts';
import type { Issuer } from '../../agent/issuer.ts';
import { Keeper, type KeeperEvent } from '../../agent/keeper.ts';
import { AgentState } from '../../agent/state.ts';
import { YardIssuer } from '../../agent/yard-issuer.ts';
import { fromBase64Url } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Reach } from '../../reach/reach.ts';
import { REAL_CLOCK, REAL_RANDOM } from '../../server/clock.ts';
import type { Environment } from '../context.ts';
import { readText } from '../files.ts';
import { personalReach } from '../images.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** What programs that the agent starts see of its own environment. */
const PROGRAM_VARIABLES = ['PATH', 'HOME', 'LANG', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

export interface RunningAgent extends Disposable {
  readonly agent: Agent;
}

/** @throws SealyardError `SY-AGENT-STATE`, `SY-CLI-FILE`, `SY-AGENT-CONFIG` */
export async function setUpAgent(
  config: AgentConfig,
  environment: Environment,
  onEvent: (event: KeeperEvent) => void,
): Promise<RunningAgent> {
  const state = AgentState.open(config.state);
  const reach = personalReach(environment);
  try {
    const programs = programEnvironment(environment);
    const issuers = new Map<string, Issuer>();
    for (const [name, issuer] of config.issuers)
      issuers.set(name, await issuerOf(issuer, { name, state, reach, programs }));
    const keepers = config.certificates.map((certificate) => {
      const issuer = issuers.get(certificate.issuer);
      if (issuer === undefined) throw new TypeError(`no issuer ${certificate.issuer}`);
      const deps = {
        state,
        issuer,
        reach,
        environment: programs,
        clock: REAL_CLOCK,
        random: REAL_RANDOM,
        onEvent,
      };
      return new Keeper(certificate, deps);
    });
    return {
      agent: new Agent(keepers, REAL_CLOCK),
      [Symbol.dispose]: () => {
        reach.close();
        state.close();
      },
    };
  } catch (error) {
    reach.close();
    state.close();
    throw error;
  }
}

interface IssuerParts {
  readonly name: string;
  readonly state: AgentState;
  readonly reach: Reach;
  readonly programs: Readonly<Record<string, string>>;
}

async function issuerOf(config: IssuerConfig, parts: IssuerParts): Promise<Issuer> {
  const { reach } = parts;
  const roots = config.roots === undefined ? {} : { roots: readText(config.roots, MAX_FILE_BYTES) };
  if (config.type === 'yard') {
    const { server, tokenFile } = config;
    const token = () => readText(tokenFile, MAX_FILE_BYTES).trim();
    return new YardIssuer({ server: server.replace(/\/+$/, ''), reach, clock: REAL_CLOCK, token, ...roots });
  }
  const { directory: directoryUrl, contacts, termsAgreed, binding, challenges } = config;
  return new AcmeIssuer({
    directoryUrl,
    reach,
    clock: REAL_CLOCK,
    ...roots,
    key: await parts.state.accountKey(parts.name),
    contacts,
    termsAgreed,
    ...(binding === undefined
      ? {}
      : { binding: { keyId: binding.keyId, macKey: macKeyOf(binding.keyFile) } }),
    solvers: challenges.map((challenge) => solverOf(challenge, parts.programs)),
  });
}

function macKeyOf(file: string): Uint8Array {
  const key = fromBase64Url(readText(file, MAX_FILE_BYTES).trim());
  if (key === undefined || key.length === 0)
    throw new SealyardError('SY-AGENT-CONFIG', `${file} holds no key in base64url`);
  return key;
}

function solverOf(challenge: ChallengeConfig, programs: Readonly<Record<string, string>>): Solver {
  if (challenge.kind === 'http') return listeningSolver(challenge.address);
  if (challenge.kind === 'webroot') return webrootSolver(challenge.folder);
  return dnsSolver({ command: challenge.command, environment: programs });
}

function programEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const kept = PROGRAM_VARIABLES.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
