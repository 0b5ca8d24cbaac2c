import { ConfigurationError } from './outcome.js';

/** Everything that can be configured, from the environment alone. README has a row for each variable. */
export interface Config {
  readonly port: number;
  /** The public origin and path before `/fhir/R4` and `/oauth`, without a slash at its end. */
  readonly baseUrl: string;
  readonly databaseUrl: string;
  /** The clinical tables; the same as databaseUrl unless they are somebody else's. */
  readonly sourceUrl: string;
  readonly secret: string | undefined;
  readonly logLevel: string;
  readonly searchHandling: 'strict' | 'lenient';
  /** How many proxies in front are trusted to say who asks. */
  readonly trustedHops: number;
  readonly allowLoopback: boolean;
  readonly singleTenant: string | undefined;
  readonly fhirPackages: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export const variables = [
  'PORT',
  'PORTICO_BASE_URL',
  'PORTICO_DATABASE_URL',
  'PORTICO_SOURCE_URL',
  'PORTICO_SECRET',
  'PORTICO_LOG_LEVEL',
  'PORTICO_SEARCH_HANDLING',
  'PORTICO_TRUSTED_HOPS',
  'PORTICO_ALLOW_LOOPBACK',
  'PORTICO_SINGLE_TENANT',
  'PORTICO_FHIR_PACKAGES',
] as const;

export const processEnvironment: Environment = process.env;

/** Reads the environment; throws one ConfigurationError that names every fault. */
export function readConfig(environment: Environment = processEnvironment): Config {
  const faults: string[] = [];
  const read = <T>(name: (typeof variables)[number], absent: T, parse: (text: string) => T | string): T => {
    const text = environment[name];
    if (text === undefined || text === '') return absent;
    const value = parse(text);
    if (typeof value !== 'string' || typeof absent === 'string' || absent === undefined) return value as T;
    faults.push(`${name} ${value}`);
    return absent;
  };
  const checked = (name: (typeof variables)[number], absent: string, fault: (text: string) => string | undefined) => {
    const text = environment[name];
    if (text === undefined || text === '') return absent;
    const wrong = fault(text);
    if (wrong !== undefined) faults.push(`${name} ${wrong}`);
    return text;
  };
  const among = (allowed: readonly string[]) => (text: string) =>
    allowed.includes(text) ? undefined : `is ${text}; it takes ${allowed.join(', ')}`;

  const port = read('PORT', 8080, (text) => integer(text, 1, 65_535));
  const databaseUrl = checked('PORTICO_DATABASE_URL', 'sqlite:data/portico.sqlite', databaseFault);
  const config: Config = {
    port,
    baseUrl: checked('PORTICO_BASE_URL', `http://localhost:${String(port)}`, baseFault).replace(/\/+$/, ''),
    databaseUrl,
    sourceUrl: checked('PORTICO_SOURCE_URL', databaseUrl, databaseFault),
    secret: environment['PORTICO_SECRET'] === '' ? undefined : environment['PORTICO_SECRET'],
    logLevel: checked('PORTICO_LOG_LEVEL', 'info', among(['debug', 'info', 'warn', 'error', 'silent'])),
    searchHandling: checked('PORTICO_SEARCH_HANDLING', 'strict', among(['strict', 'lenient'])) as 'strict' | 'lenient',
    trustedHops: read('PORTICO_TRUSTED_HOPS', 0, (text) => integer(text, 0, 10)),
    allowLoopback: checked('PORTICO_ALLOW_LOOPBACK', 'false', among(['true', 'false'])) === 'true',
    singleTenant: environment['PORTICO_SINGLE_TENANT'] || undefined,
    fhirPackages: (environment['PORTICO_FHIR_PACKAGES'] ?? '').split(',').filter((each) => each !== ''),
  };
  if (config.secret !== undefined && config.secret.length < 32)
    faults.push('PORTICO_SECRET is shorter than 32 characters; make one with: openssl rand -base64 32');
  if (config.secret === undefined && !config.databaseUrl.startsWith('sqlite:'))
    faults.push('PORTICO_SECRET is required with PostgreSQL; make one with: openssl rand -base64 32');
  for (const name of Object.keys(environment))
    if (
      name.startsWith('PORTICO_') &&
      !name.startsWith('PORTICO_TEST_') &&
      !(variables as readonly string[]).includes(name)
    )
      faults.push(`${name} is not a variable of Portico`);
  if (faults.length > 0) throw new ConfigurationError('The configuration is not sound', faults);
  return Object.freeze(config);
}

function integer(text: string, least: number, most: number): number | string {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value >= least && value <= most
    ? value
    : `is ${text}; it takes a whole number from ${String(least)} to ${String(most)}`;
}

const databaseFault = (text: string): string | undefined =>
  /^(sqlite:.|postgres(ql)?:\/\/.)/.test(text) ? undefined : 'must start with sqlite: or postgres://';

function baseFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return `is ${text}; it takes an http or https URL`;
  return url.search || url.hash || url.username ? 'must have no user, query or fragment' : undefined;
}
