/** The most that an app registers, and how long each may be. */
const MOST = 20;
const LONGEST = 2000;

/** As in https://www.rfc-editor.org/rfc/rfc8252#section-7.1: the name of a domain of the app's maker, turned round. */
const privateUse = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/;
const loopback: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

const isLoopback = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && loopback.includes(hostname);

/** What is wrong with a redirect URI (THREAT 26); undefined for one that can be registered. */
export function redirectUriFault(text: string): string | undefined {
  const fault = uriFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  if (url.protocol === 'https:' || isLoopback(url) || privateUse.test(url.protocol)) return undefined;
  return 'is neither https, nor http on this machine, nor of a scheme like com.example.app';
}

/** The same for a page that is opened when an EHR launches the app. */
export function launchUrlFault(text: string): string | undefined {
  const fault = uriFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url) ? undefined : 'is neither https nor http on this machine';
}

/** The same for an origin of pages. */
export function originFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.origin !== text) return 'is not an origin, such as https://app.example';
  return url.protocol === 'https:' || isLoopback(url) ? undefined : 'is neither https nor http on this machine';
}

/**
 * A URI is compared as a text: it must be written as every parser writes it, so that none reads another one than we.
 * That leaves no room for `..`, tabs, backslashes and capital letters in a host.
 */
function uriFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || text.length > LONGEST) return 'is not an absolute URI';
  if (text.includes('#')) return 'has a fragment';
  if (url.username !== '' || url.password !== '') return 'has a user or a password';
  if (text.includes('*')) return 'has a wildcard';
  if (url.href !== text && url.href !== `${text}/`) return `is not written as it is read: ${url.href}`;
  if (/%2e|%2f|%5c|%00/i.test(text)) return 'has an encoded dot, slash or backslash';
  return undefined;
}

/** The first fault of a list, with what it is a fault of. */
export function firstFault(
  texts: readonly string[],
  what: string,
  faultOf: (text: string) => string | undefined,
): string | undefined {
  if (texts.length > MOST) return `There are more than ${String(MOST)} of ${what}`;
  for (const text of texts) {
    const fault = faultOf(text);
    if (fault !== undefined) return `${what}: ${text.slice(0, 200)} ${fault}`;
  }
  return undefined;
}

/** The origins of redirect URIs that are web pages: their scripts may use the app's tokens. */
export const originsOf = (redirectUris: readonly string[]): string[] => [
  ...new Set(
    redirectUris.map((each) => new URL(each)).flatMap((url) => (/^https?:$/.test(url.protocol) ? [url.origin] : [])),
  ),
];

/**
 * Whether a request may name a redirect URI: it must be registered, letter by letter. A native app alone, which has no
 * secret, listens on whatever port of its machine is free (https://www.rfc-editor.org/rfc/rfc8252#section-7.3).
 */
export function isRegistered(given: string, registered: readonly string[], isPublic: boolean): boolean {
  if (registered.includes(given)) return true;
  if (!isPublic || redirectUriFault(given) !== undefined || !isLoopback(new URL(given))) return false;
  return registered.some((each) => isLoopback(new URL(each)) && withoutPort(each) === withoutPort(given));
}

function withoutPort(text: string): string {
  const url = new URL(text);
  url.port = '';
  return url.href;
}

/** Whether the answer can reach somebody else: nothing but https proves whose a redirect URI is. */
export const isOwned = (redirectUri: string): boolean => redirectUri.startsWith('https:');
