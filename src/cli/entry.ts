// What `bin/sealyard` imports: hands the process over to `main` and leaves with its status.
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  isTerminal: process.stdout.isTTY === true && process.stderr.isTTY === true,
  streams: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  },
});
