import { InvalidArgumentError, type Command } from 'commander';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Ehr } from '../watch/ehr.js';
import { Folder } from '../watch/folder.js';
import { receiving } from '../watch/receive.js';
import { WatchError } from '../watch/ask.js';
import { Upstream } from '../watch/upstream.js';
import { Watch } from '../watch/watch.js';
import { CommandError, run, withJson, type Said } from './command.js';

interface Options {
  readonly url: string;
  readonly token: string;
  readonly to: string;
  readonly fhir?: string;
  readonly fhirClient?: string;
  readonly every: number;
  readonly back: number;
  readonly listen?: number;
  readonly secret?: string;
  readonly once?: boolean;
}

/** Needs no database: it may run beside the EHR, far from the server. */
export function watchCommand(program: Command): void {
  const watch = withJson(program.command('watch'))
    .description('bring the summaries of cases into a folder and into an EHR, as they come')
    .requiredOption('--url <url>', 'the server that has them', origin)
    .requiredOption('--token <token>', 'a token of the organization there, or @ and a file that has it', secretOf)
    .requiredOption('--to <folder>', 'where the PDFs go')
    .option('--fhir <url>', 'the FHIR base of the EHR, where they are filed as DocumentReferences', origin)
    .option('--fhir-client <id:secret>', 'a client of the EHR, or @ and a file that has it', secretOf)
    .option('--every <seconds>', 'how often to look', within(5, 86_400), 60)
    .option('--back <hours>', 'how far a look goes back', within(1, 8760), 24)
    .option('--listen <port>', 'take webhooks on this port as well, and look less often', within(1, 65_535))
    .option('--secret <secret>', 'of the webhook, or @ and a file that has it', secretOf)
    .option('--once', 'look once, and end')
    .action((options: Options) => run(watch, () => watchWith(options)));
}

function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new InvalidArgumentError('It takes an http or https URL.');
  return text.replace(/\/+$/, '');
}

/** A secret on a command line is seen by whoever sees the processes. */
function secretOf(text: string): string {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8').trim();
  } catch {
    throw new InvalidArgumentError('There is no such file that can be read.');
  }
}

const within =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,6}$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It takes ${String(least)} to ${String(most)}.`);
    return value;
  };

async function watchWith(options: Options): Promise<Said | undefined> {
  const { url, token, to, fhir, fhirClient, back, listen, secret } = options;
  if ((listen === undefined) !== (secret === undefined)) throw new CommandError('--listen and --secret go together', 2);
  if (fhirClient !== undefined && fhir === undefined) throw new CommandError('--fhir-client goes with --fhir', 2);
  const said: string[] = [];
  const say = (line: string): void => {
    if (options.once) said.push(line);
    else process.stdout.write(`${line}\n`);
  };
  const ehr = fhir === undefined ? undefined : new Ehr(fhir, fhirClient);
  const folder = await Folder.open(to).catch(asCommandError);
  const watch = new Watch({ upstream: new Upstream(url, token), folder, ehr, lookBackHours: back, say });
  if (options.once) {
    const { failed } = await watch.look().catch(asCommandError);
    return { json: { said, failed }, lines: said.length === 0 ? ['There is nothing new.'] : said, failed: failed > 0 };
  }
  await forEver(watch, options, say);
  return undefined;
}

const asCommandError = (error: unknown): never => {
  throw error instanceof WatchError ? new CommandError(error.message) : error;
};

/** Until it is stopped. */
async function forEver(
  watch: Watch,
  { every, listen, secret = '' }: Options,
  say: (line: string) => void,
): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const server = listen === undefined ? undefined : receiving({ watch, secret, say });
  if (server) {
    server.listen(listen);
    await once(server, 'listening');
    say(`listening on port ${String(listen)}`);
  }
  const look = (): Promise<unknown> =>
    watch.look().catch((error: unknown) => {
      if (!(error instanceof WatchError)) throw error;
      say(error.message);
    });
  while (!stop.signal.aborted) {
    await look();
    await pause(every * 1000, stop.signal);
  }
  server?.close();
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
