import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { Portico } from '../open.js';
import { allowedUrl, OutboundError } from '../outbound/safe-fetch.js';
import { createIntegration, isUpstreamToken, type NewIntegration } from '../pulsara/integration.js';
import type { Match } from '../pulsara/rules.js';
import { readPublicKey, signatures, type Signature, type SigningKey } from '../pulsara/signature.js';
import { faultOf } from '../validate/primitives.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { chooseOrg } from './org.js';
import { recorded } from './recorded.js';

interface CreateOptions {
  readonly org?: string;
  readonly name: string;
  readonly upstream: string;
  readonly tokenFile: string;
  readonly tokenHeader: string;
  readonly signature: Signature;
  readonly secretFile?: string;
  readonly publicKey?: string;
  readonly mrn: readonly string[];
  readonly mrnSystem?: string;
  readonly csn: readonly string[];
  readonly csnSystem?: string;
  readonly entity?: string;
  readonly messages?: boolean;
}

const matches = 'the category of an identifier, or category:name; may be given again';

export function createCommand(integration: Command): void {
  const create = withJson(integration.command('create'))
    .description('take webhooks of a Pulsara, and file its cases; the secret is shown once')
    .requiredOption('--name <name>', 'what it is called, for example Pulsara')
    .requiredOption('--upstream <url>', 'where its API is: what comes before /api/v1')
    .requiredOption('--token-file <file>', 'a file with the API token; - is standard input')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .option('--token-header <name>', 'the header that the token goes into', 'x-api-key')
    .addOption(
      new Option('--signature <how>', 'how its webhooks are signed').choices(signatures).default('hmac-sha256'),
    )
    .option('--secret-file <file>', 'a file with the secret that signs webhooks; without one, a secret is made')
    .option('--public-key <file>', 'for ed25519: a file with the public key, as PEM or base64')
    .option('--mrn <match>', `which identifiers are record numbers: ${matches}`, more, [])
    .option('--mrn-system <uri>', 'the system of record numbers in FHIR, so that patients are found by them')
    .option('--csn <match>', `which identifiers are visit numbers: ${matches}`, more, [])
    .option('--csn-system <uri>', 'the system of visit numbers in FHIR')
    .option('--entity <id>', 'your own id among the entities of a channel: your private labels are kept')
    .option('--messages', 'write team messages too: most organizations do not want them in the record')
    .action((options: CreateOptions) => run(create, () => withPortico((portico) => createOne(portico, options))));
}

const more = (value: string, before: readonly string[]): string[] => [...before, value];

async function createOne(portico: Portico, options: CreateOptions): Promise<Said> {
  const { own, secret, now, config, base } = portico;
  const tenant = await chooseOrg(own, options.org);
  if (!portico.writer) throw new CommandError('The clinical tables are only read: nothing can be filed', 2);
  const key = keyOf(options);
  const integration: NewIntegration = {
    ...{ tenant, name: nameOf(options.name), key, entity: options.entity, messages: options.messages ?? false },
    upstream: urlOf(options.upstream, config.allowLoopback),
    tokenHeader: headerOf(options.tokenHeader),
    token: tokenIn(options.tokenFile),
    rules: {
      mrn: matchesOf(options.mrn, 'MRN'),
      mrnSystem: systemOf(options.mrnSystem, '--mrn-system') ?? `${base}/ids/pulsara/mrn`,
      csn: matchesOf(options.csn, 'CSN'),
      csnSystem: systemOf(options.csnSystem, '--csn-system') ?? `${base}/ids/pulsara/csn`,
    },
  };
  const changing = recorded(portico, 'integration-create', { tenant });
  const id = await createIntegration(changing, secret, integration, now());
  const webhookUrl = `${config.baseUrl}/webhooks/pulsara/${id}`;
  const shown = 'secret' in key && options.secretFile === undefined ? { webhookSecret: key.secret } : {};
  return {
    json: { id, tenant, name: integration.name, signature: key.signature, webhookUrl, ...shown },
    lines: [
      `Integration "${integration.name}" is made.`,
      `  id              ${id}`,
      `  webhook URL     ${webhookUrl}`,
      ...('webhookSecret' in shown ? [`  webhook secret  ${shown.webhookSecret ?? ''}   (shown this once)`] : []),
      `Next: give Pulsara the URL${'webhookSecret' in shown ? ' and the secret' : ''}, then run: portico integration test ${id}`,
    ],
  };
}

function keyOf({ signature, secretFile, publicKey }: CreateOptions): SigningKey {
  if (signature !== 'ed25519') {
    if (publicKey !== undefined) throw new CommandError('--public-key is for --signature ed25519', 2);
    const secret =
      secretFile === undefined ? randomBytes(32).toString('base64url') : textIn(secretFile, '--secret-file');
    if (secret.length < 16) throw new CommandError('--secret-file: a secret has 16 characters at least', 2);
    return { signature, secret };
  }
  if (publicKey === undefined || secretFile !== undefined)
    throw new CommandError('--signature ed25519 needs --public-key, and no --secret-file', 2);
  const key = readPublicKey(textIn(publicKey, '--public-key'));
  if (key === undefined) throw new CommandError('--public-key is not an Ed25519 public key', 2);
  return { signature, publicKey: key };
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 100) throw new CommandError('--name has 1 to 100 characters', 2);
  return name;
}

/** The token for the upstream API. */
export function tokenIn(file: string): string {
  const token = textIn(file, '--token-file');
  if (!isUpstreamToken(token)) throw new CommandError('--token-file: it is no token that a header can carry', 2);
  return token;
}

/** The first line of a file: editors end it with a newline. */
function textIn(file: string, option: string): string {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch {
    throw new CommandError(`${option}: ${file} cannot be read`, 2);
  }
  if (text === '') throw new CommandError(`${option}: ${file} is empty`, 2);
  return text;
}

function headerOf(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name)) return name;
  throw new CommandError('--token-header is not the name of a header', 2);
}

function urlOf(text: string, allowLoopback: boolean): string {
  try {
    const { origin, pathname, search, hash } = allowedUrl(text, { allowLoopback });
    if (search !== '' || hash !== '') throw new CommandError('--upstream has neither a query nor a fragment', 2);
    return `${origin}${pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}`;
  } catch (error) {
    if (error instanceof OutboundError) throw new CommandError(`--upstream cannot be used: ${error.message}`, 2);
    throw error;
  }
}

function systemOf(text: string | undefined, option: string): string | undefined {
  const isUri = text === undefined || (/^[A-Za-z][A-Za-z0-9+.-]*:[^\s|]+$/.test(text) && !faultOf(text, 'uri'));
  if (!isUri) throw new CommandError(`${option} is not a URI`, 2);
  return text;
}

function matchesOf(texts: readonly string[], category: string): Match[] {
  const given = texts.map((text): Match => {
    const [named = '', name] = text.split(/:(.*)/s).map((each) => each.trim());
    if (named === '' || name === '') throw new CommandError(`${text} is neither a category nor category:name`, 2);
    return { category: named, ...(name !== undefined && { name }) };
  });
  return given.length > 0 ? given : [{ category }];
}
