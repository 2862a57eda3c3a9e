// The admin API as the command line uses it: a service token, and what tests ask for with it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, DoorClient } from './client.ts';
import type { RunningYard } from './yard.ts';

export class AdminClient {
  readonly client: DoorClient;
  readonly #token: string;

  private constructor(client: DoorClient, token: string) {
    this.client = client;
    this.#token = token;
  }

  /** With the service token of the data directory, for which the one-time token is exchanged at first use. */
  static async of(yard: RunningYard): Promise<AdminClient> {
    const file = join(yard.data, 'cli-token');
    if (!existsSync(file)) await yard.ask('token', 'list');
    const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
    return new AdminClient(client, readFileSync(file, 'utf8').trim());
  }

  close(): void {
    this.client.close();
  }

  post(path: string, body: object): Promise<Answer> {
    return this.client.post(path, 'application/json', JSON.stringify(body), {
      authorization: `Bearer ${this.#token}`,
    });
  }

  get(path: string): Promise<Answer> {
    return this.client.get(path, { authorization: `Bearer ${this.#token}` });
  }

  /** A further service token, for what the policy grants to its name. */
  async serviceToken(name: string): Promise<string> {
    const answer = await this.post('/admin/v1/tokens', { name });
    if (answer.status !== 201)
      throw new Error(`no service token: ${answer.status} ${answer.body.toString()}`);
    return (JSON.parse(answer.body.toString()) as { token: string }).token;
  }

  /** A job's token from the built-in issuer; one is good for 100 certificates. */
  async jobToken(subject: string): Promise<string> {
    const answer = await this.post('/admin/v1/development/tokens', { subject, lifetimeSeconds: 3600 });
    if (answer.status !== 201) throw new Error(`no job token: ${answer.status} ${answer.body.toString()}`);
    return (JSON.parse(answer.body.toString()) as { token: string }).token;
  }
}
