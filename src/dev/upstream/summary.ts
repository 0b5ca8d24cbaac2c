import { makePsr } from '../../psr/psr.js';
import type { UpstreamChannel } from './channel.js';

/** The PSR of a channel as it is now: the same channel gives the same bytes. */
export function summaryOf(channel: UpstreamChannel): Promise<Buffer> {
  const { status, timeline = [], vital_signs: vitals = [], labs = [], team_messages: messages = [] } = channel;
  const names = [channel.first_name, channel.last_name].filter((name) => name !== null);
  const times = [channel.started_at, ...vitals.map(({ at }) => at), ...messages.map(({ sent_at: at }) => at)];
  return makePsr({
    caseId: channel.id,
    organization: channel.destination ?? 'Unknown destination',
    status: status === 'stopped' ? 'Stopped' : 'Active',
    preliminary: status !== 'stopped',
    generatedAt: times.sort().at(-1) ?? channel.started_at,
    version: 1,
    patient: {
      ...(names.length > 0 && { name: names.join(' ') }),
      birthDate: channel.dob ?? undefined,
      age: channel.age === undefined ? undefined : `about ${String(channel.age)} ${channel.age_unit ?? 'years'}`,
      sex: channel.gender,
      mrn: channel.identifiers.find(({ category }) => category === 'MRN')?.value,
    },
    patientType: channel.patient_type,
    chiefComplaint: channel.chief_complaint,
    acuity: channel.acuity?.label,
    methodOfArrival: channel.method_of_arrival,
    destination: channel.destination,
    unit: channel.unit,
    room: channel.room,
    timeline: timeline.map(({ event, at }) => ({ label: event, at: at ?? undefined })),
    vitals: vitals.map((set) => ({
      at: set.at,
      heartRate: set.heart_rate,
      systolic: set.systolic,
      diastolic: set.diastolic,
      respiratoryRate: set.respiratory_rate,
      oxygenSaturation: set.oxygen_saturation,
    })),
    labs: labs.map((lab) => ({ ...lab, referenceRange: lab.reference_range })),
    scores: [],
    messages: messages.map(({ sent_at: at, sender, text }) => ({ at, sender, text })),
  });
}
