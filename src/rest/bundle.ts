import type { Entry } from '../store/render.js';

/** A Bundle as text: its resources are serialised already, and are not parsed again. */
export interface SearchSet {
  readonly links: readonly (readonly [relation: string, url: string])[];
  readonly total?: number;
  readonly entries: readonly BundleEntry[];
}

interface BundleEntry {
  readonly fullUrl: string;
  readonly text: string;
  readonly mode: 'match' | 'include' | 'outcome';
}

export function matchEntry(base: string, entry: Entry, mode: 'match' | 'include', text = entry.text): BundleEntry {
  return { fullUrl: `${base}/${entry.type}/${entry.id}`, text, mode };
}

/** A version in a Bundle of them; `text` is absent for a deletion. */
export interface HistoryEntry {
  readonly fullUrl: string;
  readonly text?: string;
  readonly request: { readonly method: string; readonly url: string };
  readonly response: { readonly status: string; readonly etag: string; readonly lastModified: string };
}

/** https://hl7.org/fhir/R4/bundle.html#history */
export function historySet({
  links,
  total,
  entries,
}: Omit<SearchSet, 'entries'> & { readonly entries: readonly HistoryEntry[] }): string {
  const link = JSON.stringify(links.map(([relation, url]) => ({ relation, url })));
  const texts = entries.map(({ fullUrl, text, request, response }) => {
    const resource = text === undefined ? '' : `"resource":${text},`;
    return `{"fullUrl":"${fullUrl}",${resource}"request":${JSON.stringify(request)},"response":${JSON.stringify(response)}}`;
  });
  const counted = total === undefined ? '' : `"total":${String(total)},`;
  const all = texts.length > 0 ? `,"entry":[${texts.join(',')}]` : '';
  return `{"resourceType":"Bundle","type":"history",${counted}"link":${link}${all}}`;
}

/** What came of one entry of a batch or a transaction; resources are serialised already. */
export interface ResponseEntry {
  readonly fullUrl?: string | undefined;
  readonly resource?: string | undefined;
  readonly status: string;
  readonly location?: string | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly outcome?: string | undefined;
}

/** https://hl7.org/fhir/R4/bundle.html#bundle-response */
export function responseSet(
  type: 'batch-response' | 'transaction-response',
  entries: readonly ResponseEntry[],
): string {
  const seen = new Set<string>();
  const texts = entries.map(({ fullUrl: url, resource, outcome, ...response }) => {
    // bdl-7: what was written and read is there once under its URL.
    const fullUrl = url === undefined || seen.has(url) ? undefined : url;
    if (url !== undefined) seen.add(url);
    const said = JSON.stringify(response);
    const told = outcome === undefined ? said : `${said.slice(0, -1)},"outcome":${outcome}}`;
    const shown = resource === undefined ? '' : `"resource":${resource},`;
    return `{${fullUrl === undefined ? '' : `"fullUrl":"${fullUrl}",`}${shown}"response":${told}}`;
  });
  const all = texts.length > 0 ? `,"entry":[${texts.join(',')}]` : '';
  return `{"resourceType":"Bundle","type":"${type}"${all}}`;
}

/** https://hl7.org/fhir/R4/bundle.html#searchset */
export function searchSet({ links, total, entries }: SearchSet): string {
  const link = JSON.stringify(links.map(([relation, url]) => ({ relation, url })));
  let text = `{"resourceType":"Bundle","type":"searchset"`;
  if (total !== undefined) text += `,"total":${String(total)}`;
  text += `,"link":${link}`;
  // An empty array is not valid JSON in FHIR.
  if (entries.length > 0) {
    text += ',"entry":[';
    entries.forEach(({ fullUrl, text: resource, mode }, index) => {
      if (index > 0) text += ',';
      text += `{"fullUrl":"${fullUrl}","resource":${resource},"search":{"mode":"${mode}"}}`;
    });
    text += ']';
  }
  return `${text}}`;
}
