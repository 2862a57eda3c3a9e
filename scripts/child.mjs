// Runs a program in our place: its input and output are ours, it gets our signals, and we end as it ends.
import { spawn } from 'node:child_process';

const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT'];

/** Starts `program` and never returns control in a useful way: this process ends with the child's status or signal. */
export function become(program, args, environment = process.env) {
  const child = spawn(program, args, { stdio: 'inherit', env: environment });
  for (const signal of process.platform === 'win32' ? ['SIGINT'] : SIGNALS) {
    process.on(signal, () => forward(child, signal));
  }
  child.once('error', (error) => {
    process.stderr.write(`sealyard: ${program} cannot be started: ${error.message}\n`);
    process.exit(70);
  });
  child.once('close', (code, signal) => {
    if (signal === null) process.exit(code);
    // Die of the same signal, so that a shell or a supervisor sees what happened.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function forward(child, signal) {
  // A terminal sends ^C and ^\ to the whole foreground group: the child has it already, and a second one would cut
  // its orderly end short.
  const byTerminal = process.stdin.isTTY === true && (signal === 'SIGINT' || signal === 'SIGQUIT');
  if (!byTerminal) child.kill(signal);
}
