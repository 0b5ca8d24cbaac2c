import type { Encounter, EncounterLocation, Extension, Identifier } from '@medplum/fhirtypes';
import { ARRIVALS, coding, concept, extensionUrl, hl7, PATIENT_TYPES } from '../channel/codes.js';
import type { Channel } from './channel.js';
import { numberOf, type Place } from './place.js';
import { mergedIdentifiers } from './to-patient.js';

const OURS = /\/StructureDefinition\/channel-[a-z]+$/;

/** A channel is an event of one patient, and that is an Encounter. */
export function toEncounter(
  place: Place,
  channel: Channel,
  ids: { readonly encounter: string; readonly patient: string },
  known: Encounter | undefined,
): Encounter {
  const { base } = place;
  const { patientType, acuity, chiefComplaint } = channel;
  const code =
    patientType !== undefined && Object.hasOwn(PATIENT_TYPES, patientType)
      ? PATIENT_TYPES[patientType as 'STEMI']
      : undefined;
  const type =
    patientType === undefined
      ? undefined
      : concept(
          patientType,
          ...(code === undefined ? [] : [coding(`${base}/CodeSystem/patient-type`, code, patientType)]),
        );
  const locations = locationsOf(channel);
  const { extension: before = [], ...others } = known ?? {};
  const extension = [...before.filter(({ url }) => !OURS.test(url)), ...extensionsOf(place, channel)];
  return {
    ...others,
    resourceType: 'Encounter',
    id: ids.encounter,
    ...(extension.length > 0 && { extension }),
    identifier: mergedIdentifiers(known?.identifier, identifiersOf(place, channel)),
    status: channel.stopped ? 'finished' : 'in-progress',
    class: classOf(channel),
    ...(type && { type: [type] }),
    ...(acuity && {
      priority: concept(
        acuity.label,
        ...(acuity.nemsis === undefined ? [] : [coding(`${base}/CodeSystem/nemsis-acuity`, acuity.nemsis)]),
      ),
    }),
    subject: { reference: `Patient/${ids.patient}` },
    ...periodOf(channel),
    ...(chiefComplaint !== undefined && { reasonCode: [concept(chiefComplaint)] }),
    ...hospitalizationOf(base, channel),
    ...(locations.length > 0 && { location: locations }),
  };
}

/** Its own number at the upstream, and the number of the visit. */
function identifiersOf(place: Place, channel: Channel): Identifier[] {
  const csn = numberOf(place, channel, 'csn');
  return [
    { system: `${place.base}/ids/pulsara/channel`, value: channel.id },
    ...(csn
      ? [
          {
            type: concept('Visit number', hl7('v2-0203', 'VN', 'Visit number')),
            system: place.integration.rules.csnSystem,
            value: csn.value,
          },
        ]
      : []),
  ];
}

const arrivalOf = ({ methodOfArrival: method = '' }: Channel) =>
  Object.hasOwn(ARRIVALS, method) ? ARRIVALS[method as keyof typeof ARRIVALS] : undefined;

/** Encounter.class is required: what is not said is said to be unknown. */
function classOf(channel: Channel): Encounter['class'] {
  const arrival = arrivalOf(channel);
  return arrival ? hl7('v3-ActCode', arrival.code, arrival.display) : hl7('v3-NullFlavor', 'UNK', 'unknown');
}

function periodOf({ startedAt, stoppedAt, stopped, timeline }: Channel): Pick<Encounter, 'period'> {
  const stamped = (event: string): string | undefined => timeline.find((each) => each.event === event)?.at;
  const start = stamped('first-contact') ?? startedAt;
  const end = stopped ? (stoppedAt ?? stamped('stop-time')) : undefined;
  // Two clocks may disagree; a period that ends before it begins is none.
  const isSound = start === undefined || end === undefined || Date.parse(end) >= Date.parse(start);
  if (start === undefined && end === undefined) return {};
  return { period: { ...(start !== undefined && { start }), ...(end !== undefined && isSound && { end }) } };
}

function hospitalizationOf(base: string, channel: Channel): Pick<Encounter, 'hospitalization'> {
  const { destination, methodOfArrival } = channel;
  const arrival = arrivalOf(channel);
  if (destination === undefined && !arrival) return {};
  return {
    hospitalization: {
      ...(arrival && {
        admitSource: concept(
          arrival.text,
          coding(`${base}/CodeSystem/method-of-arrival`, methodOfArrival ?? '', arrival.text),
        ),
      }),
      ...(destination !== undefined && { destination: { display: destination } }),
    },
  };
}

function locationsOf({ unit, room }: Channel): EncounterLocation[] {
  const at = (code: 've' | 'ro', display: string, said: string | undefined): EncounterLocation[] =>
    said === undefined
      ? []
      : [{ location: { display: said }, physicalType: concept(display, hl7('location-physical-type', code, display)) }];
  return [...at('ve', 'Vehicle', unit), ...at('ro', 'Room', room)];
}

function extensionsOf({ base, integration }: Place, channel: Channel): Extension[] {
  const { timeline, entities, condition, labels } = channel;
  const parts = (name: string, ...extension: readonly Extension[]): Extension => ({
    url: extensionUrl(base, name),
    extension: [...extension],
  });
  const said = (url: string, valueString: string | undefined): Extension[] =>
    valueString === undefined ? [] : [{ url, valueString }];
  // A private label is its entity's alone (PULSARA 12), whatever the upstream sends.
  const ours = labels.filter(
    (label) => !label.private || (label.entity !== undefined && label.entity === integration.entity),
  );
  return [
    ...timeline.map(({ event, at }) =>
      parts('channel-timeline', { url: 'event', valueCode: event }, { url: 'at', valueDateTime: at }),
    ),
    ...entities.map(({ entity, role }) =>
      parts(
        'channel-entity',
        { url: 'entity', valueString: entity },
        { url: 'role', valueCode: role.replace(/\s+/g, '-') },
      ),
    ),
    ...(condition !== undefined && /^(green|yellow|red|black)$/.test(condition)
      ? [{ url: extensionUrl(base, 'channel-condition'), valueCode: condition }]
      : []),
    ...ours.map((label) =>
      parts(
        'channel-label',
        { url: 'name', valueString: label.name },
        ...said('type', label.type),
        { url: 'visibility', valueCode: label.private ? 'private' : 'public' },
        ...said('entity', label.entity),
      ),
    ),
  ];
}
