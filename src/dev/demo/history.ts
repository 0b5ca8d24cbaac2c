import type { CodeableConcept } from '@medplum/fhirtypes';
import { date, yearsOld } from './calendar.js';
import { claim, concept, hl7, loinc, snomed } from './coding.js';
import { categoryOf, type Finding } from './findings.js';
import type { Person } from './people.js';
import { Random } from './random.js';

type Answer = readonly [value: CodeableConcept, weight: number];

const SMOKING: readonly Answer[] = [
  [concept('Never smoked', snomed('266919005')), 6],
  [concept('Former smoker', snomed('8517006')), 3],
  [concept('Smokes every day', snomed('449868002')), 2],
  [concept('Smokes on some days', snomed('428041000124106')), 1],
];
const ORIENTATION: readonly Answer[] = [
  [concept('Heterosexual', snomed('20430005')), 6],
  [concept('Homosexual', snomed('38628009')), 1],
  [concept('Bisexual', snomed('42035005')), 1],
  [concept('Asked, no answer', hl7('v3-NullFlavor', 'ASKU')), 2],
];
const PREGNANT = concept('Pregnant', snomed('77386006'));
const UNDECIDED = concept('Not sure of desire to become pregnant', snomed('454381000124105'));
const JOBS = [
  ['Welder', 'Metal fabrication'],
  ['School teacher', 'Primary education'],
  ['Line cook', 'Restaurants'],
  ['Long-haul driver', 'Road freight'],
  ['Dairy farmer', 'Agriculture'],
  ['Nursing assistant', 'Home health care'],
] as const;

/** The social history, which is taken once. */
export function takeHistory(person: Person, at: number): Finding[] {
  const random = new Random('history', person.id);
  const age = person.age ?? yearsOld(person.born ?? '', at);
  if (person.traits.nameless || age < 13) return [];
  const draw = (answers: readonly Answer[]): CodeableConcept => random.weighted(answers, ([, weight]) => weight)[0];
  const asked = (profile: string, code: string, text: string, value: CodeableConcept): Finding => ({
    at,
    by: 'hospital',
    isFinal: true,
    resource: {
      meta: claim(profile),
      category: [categoryOf('social-history')],
      code: concept(text, loinc(code)),
      valueCodeableConcept: value,
    },
  });
  const findings = [asked('us-core-smokingstatus', '72166-2', 'Tobacco smoking status', draw(SMOKING))];
  if (person.traits.pregnant) {
    findings.push(asked('us-core-observation-pregnancystatus', '82810-3', 'Pregnancy status', PREGNANT));
  } else if (person.gender === 'female' && age > 17 && age < 45) {
    findings.push(asked('us-core-observation-pregnancyintent', '86645-9', 'Pregnancy intent', UNDECIDED));
  }
  if (age > 17 && random.chance(0.4))
    findings.push(asked('us-core-observation-sexual-orientation', '76690-7', 'Sexual orientation', draw(ORIENTATION)));
  if (age > 19 && age < 67) findings.push(occupation(at, random));
  return findings;
}

function occupation(at: number, random: Random): Finding {
  const [job, industry] = random.pick(JOBS);
  return {
    at,
    by: 'hospital',
    isFinal: true,
    resource: {
      meta: claim('us-core-observation-occupation'),
      category: [categoryOf('social-history')],
      code: concept('Occupation', loinc('11341-5')),
      effectivePeriod: { start: `${String(random.whole(2008, 2022))}${date(at).slice(4, 7)}` },
      valueCodeableConcept: concept(job),
      component: [{ code: concept('Industry', loinc('86188-0')), valueCodeableConcept: concept(industry) }],
    },
  };
}
