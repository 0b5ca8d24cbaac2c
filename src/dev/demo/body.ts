import { DAY, yearsOld } from './calendar.js';
import { concept, claim, loinc, quantity } from './coding.js';
import { categoryOf, type Finding } from './findings.js';
import type { Side } from './organizations.js';
import type { Person } from './people.js';
import { Random } from './random.js';
import { vitalSign } from './vital-signs.js';

export interface Body {
  /** Centimeters. */
  readonly height: number;
  /** Kilograms. */
  readonly weight: number;
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

/** Grown-ups keep their size over the year; children grow. */
export function bodyOf(person: Person, at: number): Body {
  const random = new Random('body', person.id);
  const isFemale = person.gender === 'female';
  const years = person.born === undefined ? (person.age ?? 50) : (at - Date.parse(person.born)) / (365.25 * DAY);
  const build = random.around(1, 0.04);
  if (years < 2) return { height: tenths((52 + 14 * years ** 0.7) * build), weight: tenths(3.6 + 6.1 * years ** 0.6) };
  if (years < 17) return { height: tenths((78 + 6.1 * years) * build), weight: tenths(9 + 2.6 * years * build) };
  const height = tenths((isFemale ? 163 : 177) * build);
  return { height, weight: tenths((height / 100) ** 2 * Math.max(18, random.around(isFemale ? 27 : 28, 4.5))) };
}

/** Height, weight and what follows from them; for children also how they compare with others of their age. */
export function measureBody(person: Person, at: number, by: Side): Finding[] {
  const { height, weight } = bodyOf(person, at);
  const age = person.age ?? yearsOld(person.born ?? '', at);
  const random = new Random('percentile', person.id);
  // Crews ask for pounds and inches; scales in the hospital are metric.
  const asked = by === 'ems' && age > 16;
  const length = asked ? quantity(Math.round(height / 2.54), 'in', '[in_i]') : quantity(height, 'cm');
  const mass = asked ? quantity(Math.round(weight / 0.45359237), 'lb', '[lb_av]') : quantity(weight, 'kg');
  const index = quantity(tenths(weight / (height / 100) ** 2), 'kg/m2');
  const percentile = () => quantity(random.whole(12, 88), '%');
  const resources = [
    vitalSign('us-core-body-height', '8302-2', 'Body height', length),
    vitalSign('us-core-body-weight', '29463-7', 'Body weight', mass),
    vitalSign('us-core-bmi', '39156-5', 'Body mass index', index),
  ];
  if (age < 2) {
    const head = quantity(tenths(38 + height * 0.09), 'cm');
    resources.push(
      vitalSign('us-core-head-circumference', '9843-4', 'Head circumference', head),
      vitalSign(
        'head-occipital-frontal-circumference-percentile',
        '8289-1',
        'Head circumference percentile',
        percentile(),
      ),
      vitalSign('pediatric-weight-for-height', '77606-2', 'Weight-for-length percentile', percentile()),
    );
  } else if (age < 18) {
    resources.push(vitalSign('pediatric-bmi-for-age', '59576-9', 'BMI percentile for age', percentile()));
  }
  return resources.map((resource) => ({ at, by, resource }));
}

/** Where there is no birth date, the age is an estimate and nothing else may be made of it. */
export function estimateAge({ age }: Person, at: number, by: Side): Finding[] {
  if (age === undefined) return [];
  const resource = {
    meta: claim('us-core-simple-observation'),
    category: [categoryOf('social-history')],
    code: concept('Age, estimated', loinc('30525-0')),
    valueQuantity: quantity(age, 'years', 'a'),
  };
  return [{ at, by, resource }];
}
