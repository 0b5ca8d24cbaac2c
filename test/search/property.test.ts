import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { coded, observation } from './resources.js';

/** A query, and what the published rules say of one resource: told from its JSON, by nothing of src. */
interface Query {
  readonly text: string;
  readonly matches: (resource: any) => boolean;
}

const systems = [undefined, 'urn:oid:1', 'urn:oid:2'] as const;
const codes = ['a', 'b', 'B'] as const;
const coding = fc.record({ system: fc.constantFrom(...systems), code: fc.constantFrom(...codes) });
const concept = fc.array(coding, { minLength: 1, maxLength: 3 }).map((all) => ({
  coding: all.map(({ system, code }) => ({ ...(system !== undefined && { system }), code })),
}));
const day = fc.integer({ min: 1, max: 6 }).map((each) => `2024-02-0${String(each)}`);
const hundredths = fc.integer({ min: -30, max: 130 }).map((each) => each / 100);
const strings = ['Rene', 'René', 'RENEE', 'ren_', 'r%n', 'other'] as const;
const uris = ['urn:oid:5.1', 'urn:oid:5.2'] as const;
/** What converts to what, and by which factor. */
const units: Readonly<Record<string, { of: string; factor: number }>> = {
  mg: { of: 'mass', factor: 1 },
  g: { of: 'mass', factor: 1000 },
  kg: { of: 'mass', factor: 1_000_000 },
  mol: { of: 'substance', factor: 1000 },
  mmol: { of: 'substance', factor: 1 },
  '[IU]': { of: 'nothing', factor: 1 },
};
const unit = fc.constantFrom(...Object.keys(units));
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const population = fc.array(
  fc
    .record({
      category: optional(fc.array(concept, { minLength: 1, maxLength: 2 })),
      effective: optional(
        fc.oneof(
          day.map((each) => ({ effectiveDateTime: each })),
          fc.constant({ effectiveDateTime: '2024-02' }),
          fc.tuple(day, day).map((days) => {
            const [start, end] = [...days].sort();
            return { effectivePeriod: { start, end } };
          }),
          day.map((start) => ({ effectivePeriod: { start } })),
          day.map((end) => ({ effectivePeriod: { end } })),
        ),
      ),
      value: optional(
        fc.oneof(
          hundredths.map((value) => ({ valueQuantity: { value } })),
          fc.tuple(hundredths, unit).map(([value, code]) => ({
            valueQuantity: { value, code, system: 'http://unitsofmeasure.org' },
          })),
          fc.constantFrom(...strings).map((valueString) => ({ valueString })),
        ),
      ),
      component: optional(fc.array(fc.tuple(concept, hundredths), { minLength: 1, maxLength: 2 })),
      subject: optional(fc.constantFrom('Patient/a', 'Patient/b', 'Group/a')),
      tag: optional(fc.uniqueArray(coding, { minLength: 1, maxLength: 2, selector: (each) => JSON.stringify(each) })),
      security: optional(coding),
      profile: optional(fc.uniqueArray(fc.constantFrom(...uris), { minLength: 1, maxLength: 2 })),
    })
    .map(({ category, effective, value, component, subject, tag, security, profile }) => ({
      ...((tag ?? security ?? profile) && {
        meta: { ...(tag && { tag }), ...(security && { security: [security] }), ...(profile && { profile }) },
      }),
      ...(category && { category }),
      ...effective,
      ...value,
      ...(component && { component: component.map(([code, number]) => ({ code, valueQuantity: { value: number } })) }),
      ...(subject !== undefined && { subject: { reference: subject } }),
    })),
  { minLength: 6, maxLength: 12 },
);

const hasCode = (concepts: any[] | undefined, system: string | undefined, code: string): boolean =>
  (concepts ?? []).some((each) =>
    each.coding.some((one: any) => one.code === code && (system === undefined || (one.system ?? '') === system)),
  );

const token: fc.Arbitrary<Query> = fc
  .record({
    system: fc.constantFrom(undefined, '', 'urn:oid:1', 'urn:oid:2'),
    code: fc.constantFrom(...codes),
    not: fc.boolean(),
  })
  .map(({ system, code, not }) => ({
    text: `category${not ? ':not' : ''}=${system === undefined ? '' : `${system}|`}${code}`,
    matches: (resource) => hasCode(resource.category, system, code) !== not,
  }));

const labelled = (labels: any[] | undefined, system: string | undefined, code: string): boolean =>
  hasCode(labels && [{ coding: labels }], system, code);
const meta: fc.Arbitrary<Query> = fc.oneof(
  fc
    .record({
      member: fc.constantFrom('tag', 'security'),
      system: fc.constantFrom(undefined, '', 'urn:oid:1'),
      code: fc.constantFrom(...codes),
      not: fc.boolean(),
    })
    .map(({ member, system, code, not }) => ({
      text: `_${member}${not ? ':not' : ''}=${system === undefined ? '' : `${system}|`}${code}`,
      matches: (resource: any) => labelled(resource.meta?.[member] as any[] | undefined, system, code) !== not,
    })),
  fc.constantFrom(...uris).map((each) => ({
    text: `_profile=${each}`,
    matches: (resource: any) => (resource.meta?.profile ?? []).includes(each) as boolean,
  })),
  fc.constantFrom('tag', 'security', 'profile').map((member) => ({
    text: `_${member}:missing=true`,
    matches: (resource: any) => resource.meta?.[member] === undefined,
  })),
);

const DAY = 86_400_000;
function range(resource: any): [number, number] | undefined {
  const { effectiveDateTime: at, effectivePeriod: period } = resource;
  if (at === '2024-02') return [Date.parse('2024-02-01'), Date.parse('2024-03-01')];
  if (at !== undefined) return [Date.parse(at as string), Date.parse(at as string) + DAY];
  if (period === undefined) return undefined;
  return [
    period.start === undefined ? -Infinity : Date.parse(period.start as string),
    period.end === undefined ? Infinity : Date.parse(period.end as string) + DAY,
  ];
}

const dateRules: Readonly<Record<string, (lo: number, hi: number, start: number, end: number) => boolean>> = {
  eq: (lo, hi, start, end) => lo <= start && end <= hi,
  ne: (lo, hi, start, end) => !(lo <= start && end <= hi),
  gt: (_lo, hi, _start, end) => end > hi,
  lt: (lo, _hi, start) => start < lo,
  ge: (lo, hi, start, end) => end > hi || (lo <= start && end <= hi),
  le: (lo, hi, start, end) => start < lo || (lo <= start && end <= hi),
  sa: (_lo, hi, start) => start >= hi,
  eb: (lo, _hi, _start, end) => end <= lo,
};
const date: fc.Arbitrary<Query> = fc.tuple(fc.constantFrom(...Object.keys(dateRules)), day).map(([prefix, text]) => ({
  text: `date=${prefix}${text}`,
  matches: (resource) => {
    const found = range(resource);
    const lo = Date.parse(text);
    return found !== undefined && (dateRules[prefix] as (typeof dateRules)[string])(lo, lo + DAY, ...found);
  },
}));

/** In thousandths, so that no rounding is the test's own. */
const thousandths = (value: number): number => Math.round(value * 1000);
const numberRules: Readonly<Record<string, (value: number, asked: number, half: number) => boolean>> = {
  eq: (value, asked, half) => value >= asked - half && value < asked + half,
  ne: (value, asked, half) => value < asked - half || value >= asked + half,
  gt: (value, asked) => value > asked,
  ge: (value, asked) => value >= asked,
  lt: (value, asked) => value < asked,
  le: (value, asked) => value <= asked,
};
const number = fc
  .record({
    prefix: fc.constantFrom(...Object.keys(numberRules)),
    tenths: fc.integer({ min: -3, max: 13 }),
    digits: fc.constantFrom(1, 2),
  })
  .map(({ prefix, tenths, digits }) => ({
    text: `${prefix}${(tenths / 10).toFixed(digits)}`,
    /** `times` and `by` make units of the row and of the query the same. */
    matches: (value: number | undefined, times = 1, by = 1): boolean =>
      value !== undefined &&
      (numberRules[prefix] as (typeof numberRules)[string])(
        thousandths(value) * times,
        tenths * 100 * by,
        (digits === 1 ? 50 : 5) * by,
      ),
  }));
const quantity: fc.Arbitrary<Query> = number.map(({ text, matches }) => ({
  text: `value-quantity=${text}`,
  matches: (resource) => matches(resource.valueQuantity?.value as number | undefined),
}));
const amount: fc.Arbitrary<Query> = fc.tuple(number, unit).map(([{ text, matches }, code]) => ({
  text: `value-quantity=${text}|http://unitsofmeasure.org|${code}`,
  matches: ({ valueQuantity: value }) => {
    const [has, asked] = [units[value?.code as string], units[code] as (typeof units)[string]];
    return has?.of === asked.of && matches(value.value as number, has.factor, asked.factor);
  },
}));
const composite: fc.Arbitrary<Query> = fc.tuple(fc.constantFrom(...codes), number).map(([code, { text, matches }]) => ({
  text: `component-code-value-quantity=${code}$${text}`,
  matches: ({ component = [] }) =>
    component.some((each: any) => hasCode([each.code], undefined, code) && matches(each.valueQuantity.value as number)),
}));

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
const string: fc.Arbitrary<Query> = fc
  .tuple(
    fc.constantFrom('', ':exact', ':contains'),
    fc.constantFrom('ren', 'René', 'Rene', 'RENEE', '_', '%', 'n_', 'e'),
  )
  .map(([modifier, text]) => ({
    text: `value-string${modifier}=${encodeURIComponent(text)}`,
    matches: ({ valueString: value }) =>
      typeof value === 'string' &&
      (modifier === ':exact'
        ? value === text
        : modifier === ':contains'
          ? plain(value).includes(plain(text))
          : plain(value).startsWith(plain(text))),
  }));
const reference: fc.Arbitrary<Query> = fc.constantFrom<Query>(
  { text: 'subject=a', matches: ({ subject }) => /\/a$/.test(subject?.reference ?? '') },
  { text: 'patient=a', matches: ({ subject }) => subject?.reference === 'Patient/a' },
  { text: 'subject:Group=a', matches: ({ subject }) => subject?.reference === 'Group/a' },
  { text: 'patient:missing=true', matches: ({ subject }) => !/^Patient/.test(subject?.reference ?? '') },
  { text: 'category:missing=false', matches: ({ category }) => category !== undefined },
  { text: 'date:missing=true', matches: (resource) => range(resource) === undefined },
);

const queries = fc.array(
  fc.array(fc.oneof(token, meta, date, quantity, amount, composite, string, reference), { minLength: 1, maxLength: 2 }),
  { minLength: 25, maxLength: 25 },
);

describe('search: any population, any query', () => {
  let server: Server;
  let client: Client;
  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  it('REST 30-38: finds what the published rules say, and nothing else', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(population, queries, async (rows, asked) => {
        // Every round has a code of its own, so that one database serves them all.
        const code = `round-${String(++round)}`;
        const saved: any[] = rows.map((row, index) =>
          observation(`${code}-${String(index)}`, { ...row, code: coded('urn:oid:9', code) }),
        );
        await server.save(saved);
        for (const all of asked) {
          const text = all.map((each) => each.text).join('&');
          const expected = saved
            .filter((row) => all.every(({ matches }) => matches(row)))
            .map(({ id }) => id as string);
          const found = await client.ids(`Observation?code=${code}&${text}&_count=100`);
          assert.deepEqual(found.sort(), expected.sort(), text);
        }
      }),
      { seed: 20_240_229, numRuns: 12, endOnFailure: true },
    );
  }).timeout(60_000);
});
