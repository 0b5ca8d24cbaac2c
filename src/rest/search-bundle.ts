import { randomUUID } from 'node:crypto';
import { operationOutcome } from '../http/operation-outcome.js';
import type { FhirRequest } from '../http/fhir-request.js';
import type { SearchRequest } from '../define/request.js';
import { OutcomeError, type Issue } from '../outcome.js';
import type { Pairs } from '../search/options.js';
import { tooLong } from '../search/too-costly.js';
import type { Entry } from '../store/render.js';
import { matchEntry, searchSet } from './bundle.js';
import { checkId, type Facade } from './facade.js';
import type { Included } from './gathering.js';
import { shaped } from './subset.js';

/** What a search found, and the links to what else there is. */
export interface Answer {
  readonly search: Pick<SearchRequest, 'summary' | 'elements' | 'ignored'>;
  readonly links: readonly (readonly [relation: string, url: string])[];
  readonly total: number | undefined;
  readonly entries: readonly Entry[];
  readonly more: Included;
}

/** https://hl7.org/fhir/R4/bundle.html#searchset. Errors: 400 `too-costly`. */
export function searchBundle({ base, rows }: Facade, { search, links, total, entries, more }: Answer): string {
  const text = (entry: { type: string; text: string }): string => shaped(entry.type, entry.text, search);
  const issues = notes(search.ignored, more);
  if (lengthOf(entries) + lengthOf(more.entries) > rows.mostCharacters) throw tooLong();
  return searchSet({
    links,
    ...(total !== undefined && { total }),
    entries: [
      ...entries.map((entry) => matchEntry(base, entry, 'match', text(entry))),
      ...more.entries.map((entry) => matchEntry(base, entry, 'include')),
      ...(issues.length > 0
        ? [
            {
              fullUrl: `urn:uuid:${randomUUID()}`,
              text: JSON.stringify(operationOutcome(issues, base)),
              mode: 'outcome' as const,
            },
          ]
        : []),
    ],
  });
}

/** In characters. */
export const lengthOf = (entries: readonly Entry[]): number => entries.reduce((sum, { text }) => sum + text.length, 0);

/** What a client should know of an answer that is not all that it asked for. */
function notes(ignored: readonly string[], more: Included): Issue[] {
  const issues: Issue[] = [];
  if (ignored.length > 0) {
    const names = [...new Set(ignored)].filter((name) => /^[\w.:-]{1,64}$/.test(name));
    const text = `These search parameters are not supported and were ignored: ${names.join(', ')}`;
    issues.push({ severity: 'warning', code: 'not-supported', text, error: 'unsupported-parameter' });
  }
  if (more.truncated)
    issues.push({
      severity: 'warning',
      code: 'incomplete',
      text: 'Not all resources that belong to the matches are here: one page cannot hold or look at so many; ask for fewer matches with _count',
      error: 'too-costly',
    });
  return issues;
}

/** `Prefer: handling=` decides; without it, the configuration. */
export function handling({ searchHandling }: Facade, { headers }: FhirRequest): 'strict' | 'lenient' {
  const preferred = /(?:^|[,;\s])handling\s*=\s*"?(strict|lenient)/i.exec(headers.prefer ?? '')?.[1];
  return (preferred?.toLowerCase() as 'strict' | 'lenient' | undefined) ?? searchHandling;
}

/** The URL of a search; `path` is what is searched: a type, or the compartment of a patient. */
export function searchUrl(base: string, path: string, params: Pairs): string {
  const query = new URLSearchParams(params as [string, string][]).toString();
  const place = path === '' ? base : `${base}/${path}`;
  return query === '' ? place : `${place}?${query}`;
}

/** The patient whose compartment is searched; undefined where all that the token opens is. */
export function compartmentOf({ id }: FhirRequest): string | undefined {
  if (id === '') return undefined;
  checkId(id);
  return id;
}

export const notInCompartment = (type: string): OutcomeError =>
  new OutcomeError(404, 'unknown-route', `${type} is not part of the compartment of a patient`);
