import type { DocumentReference } from '@medplum/fhirtypes';
import { coding, concept, loinc } from '../channel/codes.js';
import type { Channel } from './channel.js';
import type { Place } from './place.js';

const TITLE = 'Pulsara Summary Report';

interface Summary {
  readonly id: string;
  /** Counts the summaries of the case, from 1. */
  readonly version: number;
  readonly sha256: string;
  readonly pdf: Buffer;
  /** What it takes the place of. */
  readonly replaces: string | undefined;
}

/** The PSR of a channel: a document, whose bytes become its Binary. */
export function toDocument(
  { base, at, integration }: Place,
  channel: Channel,
  ids: { readonly encounter: string; readonly patient: string },
  { id, version, sha256, pdf, replaces }: Summary,
): DocumentReference {
  const start = channel.timeline.find(({ event }) => event === 'first-contact')?.at ?? channel.startedAt;
  return {
    resourceType: 'DocumentReference',
    id,
    identifier: [{ system: `${base}/ids/pulsara/psr`, value: `${channel.id}.${sha256}` }],
    status: 'current',
    docStatus: channel.stopped ? 'final' : 'preliminary',
    type: concept(TITLE, loinc('67796-3')),
    category: [
      concept(
        'Clinical Note',
        coding(
          'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
          'clinical-note',
          'Clinical Note',
        ),
      ),
    ],
    subject: { reference: `Patient/${ids.patient}` },
    date: at,
    author: [{ display: integration.name }],
    ...(replaces !== undefined && {
      relatesTo: [{ code: 'replaces', target: { reference: `DocumentReference/${replaces}` } }],
    }),
    description: `${TITLE}, version ${String(version)}`,
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          data: pdf.toString('base64'),
          title: `${TITLE} ${channel.id} version ${String(version)}.pdf`,
          creation: at,
        },
      },
    ],
    context: {
      encounter: [{ reference: `Encounter/${ids.encounter}` }],
      ...(start !== undefined && { period: { start } }),
    },
  };
}
