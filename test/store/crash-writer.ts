import { asSystem } from '../../src/access/narrow.js';
import { readConfig } from '../../src/config.js';
import { openPortico } from '../../src/open.js';

/**
 * Writes through the one write path until it is killed, and says on stdout what has been answered: after the commit,
 * as the server does. Patients and their observations are committed together.
 */
const portico = await openPortico(readConfig());
const { registry, writer } = portico;
const patients = registry.get('Patient');
const observations = registry.get('Observation');
if (!writer || !patients || !observations) throw new Error('there is nothing to write to');
const narrowing = asSystem('org_one', 'check');
const start = Number(process.argv[2]);

async function save(number: number): Promise<void> {
  const id = `p${String(number)}`;
  const patient = { resourceType: 'Patient', id, name: [{ family: 'Rowe' }], photo: [{ title: id }] };
  const plans = [writer!.planSave(patients!, { resource: patient, literals: [] }, narrowing, {}, id)];
  for (const part of ['a', 'b', 'c']) {
    const resource = {
      resourceType: 'Observation',
      id: `${id}-${part}`,
      status: 'final',
      code: { coding: [{ code: 'first' }, { code: `second-${part}` }] },
      subject: { reference: `Patient/${id}` },
    };
    plans.push(writer!.planSave(observations!, { resource, literals: [] }, narrowing, {}, resource.id));
  }
  await writer!.commit(await Promise.all(plans));
  process.stdout.write(`${id}\n`);
}

for (let number = start; ; number += 5) await Promise.all([0, 1, 2, 3, 4].map((offset) => save(number + offset)));
