// A Pulsara whose channels are there whenever they are asked for.
import { Upstream } from '../../../dist/src/dev/upstream/server.js';

const [token, count] = process.argv.slice(2);
const upstream = await Upstream.start({ token });
for (let index = 0; index < Number(count); index++) {
  const at = '2026-03-01T20:05:00Z';
  upstream.put({
    ...{ id: `channel-${index}`, status: 'active', started_at: at, method_of_arrival: 'INBOUND_EMS' },
    ...{ patient_type: 'Stroke', first_name: 'Ada', last_name: `Rowe ${index}`, dob: '1958-07-14' },
    vital_signs: [{ at, heart_rate: 92, systolic: 178, diastolic: 96, oxygen_saturation: 97 }],
    identifiers: [{ id: 'mrn', name: 'MRN', category: 'MRN', value: `${index}` }],
  });
}
process.on('disconnect', () => process.exit());
process.send({ port: Number(new URL(upstream.url).port) });
