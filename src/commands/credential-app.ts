import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Scopes } from '../access/scopes.js';
import { APP_CEILING, checkedApp, type AppDetails } from '../auth/apps.js';
import { logoOf, type Logo } from '../auth/app-logo.js';
import type { Portico } from '../open.js';
import { CommandError } from './command.js';

/** What is said of an app alone. */
export interface AppOptions {
  readonly redirectUri?: readonly string[];
  readonly origin?: readonly string[];
  readonly launchUrl?: string;
  readonly logo?: string;
  readonly public?: boolean;
}

const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

export const withApp = (command: Command): Command =>
  command
    .option('--redirect-uri <uri>', 'where an app gets its users back, letter by letter; may be given again', several)
    .option('--origin <origin>', 'pages that may use its tokens; without it those of the redirect URIs', several)
    .option('--launch-url <url>', 'the page of an app that an EHR opens')
    .option('--logo <file>', 'a PNG or JPEG of at most 64 kB that users see')
    .option('--public', 'an app that cannot keep a secret: it runs on devices or in browsers');

const names = ['redirectUri', 'origin', 'launchUrl', 'logo', 'public'] as const;

/** What is registered of an app, checked; undefined for other kinds, for which nothing of it may be said. */
export function appOf(
  { registry, base }: Portico,
  options: AppOptions & {
    readonly kind: string;
    readonly scope?: string;
    readonly jwks?: string;
    readonly jwksUrl?: string;
  },
): AppDetails | undefined {
  if (options.kind !== 'app') {
    if (names.some((name) => options[name] !== undefined))
      throw new CommandError('--redirect-uri, --origin, --launch-url, --logo and --public are for an app', 2);
    return undefined;
  }
  const { redirectUri: redirectUris = [], origin: origins, launchUrl, scope: scopeCeiling = APP_CEILING } = options;
  const asked = {
    scopeCeiling,
    redirectUris,
    ...(origins && { origins }),
    ...(launchUrl !== undefined && { launchUrl }),
  };
  const { details, faults } = checkedApp(new Scopes(registry, base), asked);
  if (faults.length > 0) throw new CommandError(faults.join('\n'), 2);
  if (options.public && (options.jwks ?? options.jwksUrl) !== undefined)
    throw new CommandError('An app with --public has no keys', 2);
  return details;
}

export function logoIn(file: string | undefined): Logo | undefined {
  if (file === undefined) return undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new CommandError(`--logo: ${file} cannot be read`, 2);
  }
  const logo = logoOf(bytes);
  if (!logo) throw new CommandError('--logo is no PNG or JPEG of at most 64 kB', 2);
  return logo;
}
