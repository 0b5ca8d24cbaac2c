import { OutcomeError } from '../outcome.js';
import type { Need, Route } from './fhir-request.js';

/** A line of the table of interactions, and what the path says beside it. */
export interface Match {
  readonly route: Route;
  /** Empty where the path names none. */
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
}

interface Compiled {
  readonly route: Route;
  readonly parts: readonly string[];
  /** The type that it is of, where that is not for the request to say. */
  readonly named: string;
}

/** Whether a type is served; with a need, whether it also offers that. */
export type Serves = (type: string, need?: Need) => boolean;

/** Finds the line of the table for a method and a path. Errors: 404 and 405, told apart as REST 7 has it. */
export function dispatcher(routes: readonly Route[], serves: Serves): (method: string, path: string) => Match {
  const compiled = routes.map((route) => {
    const parts = route.path.split('/').filter((part) => part !== '');
    return { route, parts, named: namedIn(parts) };
  });
  return (method, path) => {
    const segments = segmentsOf(path);
    const asked = method === 'HEAD' ? 'GET' : method;
    for (const each of compiled)
      if (each.route.method === asked && fits(each.parts, segments)) {
        const match = matchOf(each, segments);
        if (each.parts[0] === '[type]' && !serves(match.type)) throw unknownType();
        if (isOffered(match, serves)) return match;
      }
    throw refusal(
      compiled.filter((each) => fits(each.parts, segments)),
      segments,
      serves,
    );
  };
}

const isOffered = ({ route, type }: Match, serves: Serves): boolean =>
  route.needs === undefined || serves(type, route.needs);

/** Decoded once; what cannot be decoded is no path of ours. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').filter((part) => part !== '');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw new OutcomeError(400, 'invalid-id', 'The path is not percent-encoded correctly');
  }
}

function fits(parts: readonly string[], segments: readonly string[]): boolean {
  if (parts.length !== segments.length) return false;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    const segment = segments[index] as string;
    const first = segment.charCodeAt(0);
    if (part === '[type]') {
      if (first < 65 || first > 90 || segment === 'Binary') return false;
    } else if (part === '[id]' || part === '[vid]') {
      // `_history` and `$operation` are no ids.
      if (first === 95 || first === 36) return false;
    } else if (part !== segment) return false;
  }
  return true;
}

/** `Patient/[id]/*` is of all types. */
const namedIn = (parts: readonly string[]): string =>
  parts.at(-1) === '*' ? '' : (/^[A-Z]\w+$/.exec(parts[0] ?? '')?.[0] ?? '');

function matchOf({ route, parts, named }: Compiled, segments: readonly string[]): Match {
  // `Patient/[id]/[type]` is a search for the type, of what belongs to the patient.
  const typed = parts.indexOf('[type]');
  return {
    route,
    type: typed < 0 ? named : (segments[typed] as string),
    id: parts[1] === '[id]' ? (segments[1] as string) : '',
    versionId: parts[3] === '[vid]' ? (segments[3] as string) : '',
  };
}

const unknownType = (): OutcomeError => new OutcomeError(404, 'unknown-type', 'This resource type is not served here');

function refusal(fitting: readonly Compiled[], segments: readonly string[], serves: Serves): OutcomeError {
  const typed = fitting.filter(({ parts }) => parts.includes('[type]'));
  if (typed.some((each) => !serves(matchOf(each, segments).type))) return unknownType();
  const there = fitting.filter((each) => isOffered(matchOf(each, segments), serves));
  if (there.length === 0 && segments.at(-1)?.startsWith('$'))
    return new OutcomeError(404, 'unknown-operation', 'There is no such operation here');
  if (there.length === 0) return new OutcomeError(404, 'unknown-route', 'There is nothing at this path');
  const methods = [
    ...new Set(there.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]))),
  ];
  return new OutcomeError(405, 'method-not-allowed', `This path takes ${methods.join(', ')}`, {
    headers: { Allow: [...methods, 'OPTIONS'].join(', ') },
  });
}
