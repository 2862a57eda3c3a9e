// Writes docs/errors.md from the table of codes (`node scripts/errors-page.ts`); a test fails while it is not current.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { exitStatusOf } from '../src/cli/exit.ts';
import { type Code, ERRORS, SealyardError } from '../src/ground/errors.ts';
import { statusOf } from '../src/protocols/problem.ts';

export const ERRORS_PAGE = 'docs/errors.md';

const HEAD = `# Errors

Every refusal and failure has one of these codes: in the command line's output (\`--json\`: \`code\`), in the problem document of
the API (RFC 9457), in the admission message, as the label of the metric, in the audit record. Codes are stable; sentences may
become better. This page is made from the table in \`src/ground/codes/\` by \`node scripts/errors-page.ts\`.
`;

/** The page as it should be. */
export function errorsPage(): string {
  const codes = (Object.keys(ERRORS) as Code[]).sort();
  return [HEAD, ...codes.map(sectionOf)].join('\n');
}

function sectionOf(code: Code): string {
  const entry = ERRORS[code];
  const error = new SealyardError(code);
  return `## ${code}
${sentence(entry.sentence)} *(${entry.kind}: HTTP ${statusOf(error)}, exit status ${exitStatusOf(error)})*

- **Why:** ${sentence(entry.cause)}
- **Next:** ${sentence(entry.next)}
`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(ERRORS_PAGE, errorsPage());
}
