import type { CodeableConcept, Observation, ObservationComponent } from '@medplum/fhirtypes';
import { claim, concept, hl7, loinc, quantity } from './coding.js';
import { categoryOf, type Finding } from './findings.js';
import type { Reading } from './vitals.js';

/** The findings of one reading. Profiles: https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-vital-signs.html */
export function* vitalSignsOf(reading: Reading): Generator<Finding> {
  const { heartRate, respiratoryRate, temperature, comaScale, pain } = reading;
  const finding = (resource: Finding['resource']): Finding => ({ at: reading.at, by: reading.by, resource });
  if (heartRate !== undefined)
    yield finding(vitalSign('us-core-heart-rate', '8867-4', 'Heart rate', quantity(heartRate, 'beats/min', '/min')));
  if (reading.systolic !== undefined) yield finding(bloodPressure(reading.systolic, reading.diastolic));
  if (respiratoryRate !== undefined)
    yield finding(
      vitalSign(
        'us-core-respiratory-rate',
        '9279-1',
        'Respiratory rate',
        quantity(respiratoryRate, 'breaths/min', '/min'),
      ),
    );
  if (reading.oxygenSaturation !== undefined) yield finding(pulseOximetry(reading.oxygenSaturation, reading.oxygen));
  if (temperature !== undefined) {
    // Ambulance thermometers show Fahrenheit, the hospital's Celsius.
    const value =
      reading.by === 'ems'
        ? quantity(Math.round((temperature * 1.8 + 32) * 10) / 10, '°F', '[degF]')
        : quantity(temperature, '°C', 'Cel');
    yield finding(vitalSign('us-core-body-temperature', '8310-5', 'Body temperature', value));
  }
  if (comaScale !== undefined)
    yield finding({
      meta: claim('us-core-observation-clinical-result'),
      category: [categoryOf('exam')],
      code: concept('Glasgow coma score total', loinc('9269-2')),
      valueQuantity: quantity(comaScale, '{score}'),
    });
  if (pain !== undefined)
    yield finding(vitalSign('us-core-vital-signs', '72514-3', 'Pain severity, 0 to 10', quantity(pain, '{score}')));
}

export function vitalSign(
  profile: string,
  code: string,
  text: string,
  valueQuantity: NonNullable<Observation['valueQuantity']>,
): Finding['resource'] {
  return {
    meta: claim(profile),
    category: [categoryOf('vital-signs')],
    code: concept(text, loinc(code)),
    valueQuantity,
  };
}

const UNKNOWN: CodeableConcept = concept('Unknown', hl7('data-absent-reason', 'unknown', 'Unknown'));

function bloodPressure(systolic: number, diastolic: number | undefined): Finding['resource'] {
  const component = (code: string, text: string, value: number | undefined): ObservationComponent => ({
    code: concept(text, loinc(code)),
    ...(value === undefined ? { dataAbsentReason: UNKNOWN } : { valueQuantity: quantity(value, 'mmHg', 'mm[Hg]') }),
  });
  return {
    meta: claim('us-core-blood-pressure'),
    category: [categoryOf('vital-signs')],
    code: concept('Blood pressure', loinc('85354-9')),
    ...(diastolic === undefined && { method: concept('Palpation') }),
    component: [
      component('8480-6', 'Systolic blood pressure', systolic),
      component('8462-4', 'Diastolic blood pressure', diastolic),
    ],
  };
}

function pulseOximetry(saturation: number, oxygen: number | undefined): Finding['resource'] {
  // By nasal cannula or mask, each liter a minute adds about 4 % to the 21 % of the air.
  const concentration = oxygen === undefined ? undefined : Math.min(21 + 4 * oxygen, 80);
  return {
    meta: claim('us-core-pulse-oximetry'),
    category: [categoryOf('vital-signs')],
    code: concept('Oxygen saturation by pulse oximetry', loinc('59408-5'), loinc('2708-6')),
    valueQuantity: quantity(saturation, '%'),
    ...(oxygen !== undefined &&
      concentration !== undefined && {
        component: [
          { code: concept('Inhaled oxygen flow rate', loinc('3151-8')), valueQuantity: quantity(oxygen, 'L/min') },
          {
            code: concept('Inhaled oxygen concentration', loinc('3150-0')),
            valueQuantity: quantity(concentration, '%'),
          },
        ],
      }),
  };
}
