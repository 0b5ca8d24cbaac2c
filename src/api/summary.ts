import type { Communication, DocumentReference, Observation } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import { SUMMARY_TYPE } from '../channel/codes.js';
import { OutcomeError } from '../outcome.js';
import { makePsr } from '../psr/psr.js';
import { parse } from '../search/parse.js';
import { readBlob } from '../store/blobs.js';
import { soleOf } from '../store/compartment.js';
import type { Entry } from '../store/render.js';
import { served, type Answer, type Ask } from './ask.js';
import { caseOf, ofCase, type Case, type OfCase } from './case.js';
import { caseSummary } from './case-summary.js';
import { nameOfOrganization } from './organizations.js';

const PDF = 'application/pdf';
/** More than anybody reads of one case: some two hundred pages. */
const MOST_CHARACTERS = 500_000;

/**
 * The PSR of a channel: the stored one, or one made of the case where none was stored. The vendor's own fails unless
 * PDF is asked for by its name, so that any other Accept is 406 (PULSARA 5).
 */
export async function summary(ask: Ask): Promise<Answer> {
  if (!wantsPdf(ask.accept))
    throw new OutcomeError(406, 'not-acceptable', `A summary is a PDF: it takes Accept: ${PDF}`);
  const found = await caseOf(ask);
  return (await stored(ask, found)) ?? made(ask, found);
}

/** `application/pdf` is named, and not with q=0. */
const wantsPdf = (accept = ''): boolean =>
  accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === PDF && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });

/** The document that is current, the latest where there are several; its bytes are seen through it, as a Binary is. */
async function stored(ask: Ask, { entries }: Case): Promise<Answer | undefined> {
  const { access, facade, id } = ask;
  const documents = served(ask, 'DocumentReference');
  const narrowing = narrow(access, documents, 'r');
  const pairs = [
    ['encounter', `Encounter/${id}`],
    ['type', SUMMARY_TYPE],
    ['status', 'current'],
    ['contenttype', PDF],
    ['_sort', '-date'],
    ['_count', '1'],
  ] as const;
  const { registry, base, rows, own, now } = facade;
  const search = parse(documents, pairs, { registry, base, handling: 'strict', now: now() });
  const [entry] = (await rows.find(documents, search, narrowing)).entries;
  if (!entry) return undefined;
  const { content } = JSON.parse(entry.text) as DocumentReference;
  const url = content.find(({ attachment }) => attachment.contentType === PDF)?.attachment.url;
  const blobId = /(?:^|\/)Binary\/([A-Za-z0-9\-.]{1,64})$/.exec(url ?? '')?.[1];
  const blob = blobId === undefined || !own ? undefined : await readBlob(own, access.tenant, blobId);
  // A document cannot borrow the bytes of another patient's.
  if (!blob || !blob.claimed || blob.patient !== soleOf(entry.patients)) return undefined;
  return answerOf(ask, blob.bytes, [...entries, entry]);
}

/** The same case makes the same bytes. Errors: 403 where the token does not open all that a summary says, 422. */
async function made(ask: Ask, found: Case): Promise<Answer> {
  const observations = await whole<Observation>(ask, 'Observation');
  const messages = await whole<Communication>(ask, 'Communication');
  if (!found.patient) narrow(ask.access, served(ask, 'Patient'), 'r');
  const entries = [...found.entries, ...observations.entries, ...messages.entries];
  const generatedAt = Math.max(...entries.map(({ lastUpdated = 0 }) => lastUpdated));
  const said = caseSummary(found, observations.resources, messages.resources, {
    organization: await nameOfOrganization(ask),
    generatedAt: new Date(generatedAt).toISOString(),
    version: entries.reduce((sum, { versionId }) => sum + Number(versionId), 1 - entries.length),
  });
  // Setting it is work of this process, which others wait for.
  if (JSON.stringify(said).length > MOST_CHARACTERS)
    throw new OutcomeError(422, 'too-costly', 'The case says more than a summary can hold');
  return answerOf(ask, await makePsr(said), entries);
}

/** A summary that leaves something out without a word is worse than none. */
async function whole<T extends Observation | Communication>(ask: Ask, type: T['resourceType']): Promise<OfCase<T>> {
  const found = await ofCase<T>(ask, type);
  if (!found) narrow(ask.access, served(ask, type), 's');
  return found ?? { resources: [], entries: [] };
}

/** Who has these bytes is told so, and not sent them again. */
function answerOf({ ifNoneMatch = '' }: Ask, bytes: Buffer, shown: readonly Entry[]): Answer {
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  const isKnown = ifNoneMatch.split(',').some((each) => each.trim() === etag);
  const headers = {
    ETag: etag,
    'Content-Disposition': 'attachment; filename="summary.pdf"',
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
  return { status: isKnown ? 304 : 200, headers, shown, body: isKnown ? undefined : { type: PDF, bytes } };
}
