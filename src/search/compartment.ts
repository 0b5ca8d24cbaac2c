import type { Criterion } from '../define/request.js';
import { patientCompartment } from '../validate/definitions.js';
import type { RegisteredResource } from '../registry.js';
import { parseTest } from './parse.js';
import type { ParseOptions } from './options.js';

/**
 * Whether a resource belongs to a patient: https://hl7.org/fhir/R4/compartmentdefinition-patient.html. A resource that
 * names two patients is in the compartments of both. Undefined for a type that no compartment of a patient has.
 */
export function inCompartment(
  resource: RegisteredResource,
  patient: string,
  options: ParseOptions,
): Criterion | undefined {
  const names = compartmentParams(resource);
  const tests = names.map((name) =>
    parseTest(resource, name, name === '_id' ? patient : `Patient/${patient}`, options),
  );
  return tests.length < 2 ? tests[0] : { oneOf: tests };
}

/** The parameters by which a type belongs to a patient; a patient also belongs to those that they are linked to. */
function compartmentParams({ type, patient, params }: RegisteredResource): readonly string[] {
  if (!Array.isArray(patient)) return [];
  const known = type === 'Patient' ? ['_id', ...patientCompartment(type)] : (patient as readonly string[]);
  return known.filter((name) => params.has(name));
}
