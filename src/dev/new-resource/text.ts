import type { PlannedElement } from './elements.js';
import type { ResourcePlan } from './plan.js';

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
const quoted = (items: readonly string[]): string => items.map((item) => `'${item}'`).join(', ');

/** The declaration, as a person would write it. */
export function declarationText(plan: ResourcePlan): string {
  const { type, table, elements, search, patient, sort } = plan;
  const words = unique(['clinical', 'defineResource', 'el', 'view', ...search.flatMap((param) => param.words)]).sort();
  const groups = unique(['columns.ClinicalRow', ...elements.flatMap(({ row }) => row.group ?? [])]);
  const members = unique(elements.flatMap(({ row }) => row.member ?? []));
  const identified = elements.some((each) => each.child === 'identifiers');
  const children = identified ? ', Children' : '';
  return `import type { ${type} } from '@medplum/fhirtypes';
import { ${words.join(', ')}, type columns } from '../src/define/index.js';

interface Row extends ${groups.join(', ')} {
  ${members.join(';\n  ')}
}
${identified ? '\ninterface Children {\n  identifiers: columns.IdentifierRow;\n}\n' : ''}
export default defineResource<${type}, Row${children}>({
  type: '${type}',
  profiles: [],
  source: clinical('${table}'),
  ${identified ? `children: { identifiers: { table: '${table}_identifier', parent: 'parent_id', order: 'position' } },` : ''}
  patient: ${typeof patient === 'string' ? `'${patient}'` : `[${quoted(patient)}]`},
  search: {
    ${search.map(({ name, text }) => `${/^\w+$/.test(name) ? name : `'${name}'`}: ${text},`).join('\n    ')}
  },
  sort: [${quoted(sort)}],
  view: view<${type}, Row${children}>({
    ${elements.map(({ key, text }) => `${key}: ${text},`).join('\n    ')}
  }),
  write: { create: true, update: true, delete: true },
});
`;
}

/** The migration: a table, its child table, and an index for every search. */
export function migrationText({ table, elements, search, sort, patient }: ResourcePlan): string {
  const order = elements.flatMap(({ search: by }) => by['date']?.columns ?? []).slice(0, 1);
  const sorted = sort[0]?.startsWith('-') ? [...order, 'id', 'version'] : ['id', 'version'];
  const indexed = unique(search.flatMap((param) => param.columns)).filter((column) => !order.includes(column));
  const identified = elements.some((each) => each.child === 'identifiers');
  const index = (name: string, columns: readonly string[], present?: string): string =>
    `s.index(t, '${table}_${name}', [${quoted(unique(columns))}]${present === undefined ? '' : `, '${present}'`});`;
  const times = new Set(elements.flatMap(({ search: by }) => by['date']?.columns ?? []));
  return `import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('${table}', (t) => {
    s.clinical(t);
    ${unique(elements.flatMap(({ migration }) => (migration === '' ? [] : migration.split('\n    '))))
      .map((line) => (line.endsWith(';') ? line : `${line};`))
      .join('\n    ')}
    ${index('updated', ['updated_at', 'id'])}
    ${order.length > 0 ? index('order', sorted) : ''}
    ${typeof patient === 'string' ? '' : index('of_patient', ['patient_id', ...sorted], 'patient_id')}
    ${indexed.map((column) => index(column, [column, ...sorted], times.has(column) ? undefined : column)).join('\n    ')}
  });
  await s.meta('${table}', [${quoted(sorted)}]);
  ${identified ? `await s.identifiers('${table}_identifier', 'parent_id');` : ''}
}

export const down = (knex: Knex): Promise<void> => drop(knex, ${quoted([...(identified ? [`${table}_identifier`] : []), table])});
`;
}

/** The test: what is written is read back, and found by every parameter that is declared. */
export function testText({ type }: ResourcePlan, samples: Readonly<Record<string, unknown>>): string {
  return `import { describeResource } from '../support/describe-resource.js';

describeResource(${JSON.stringify({ resourceType: type, id: 'sample', ...samples }, null, 2)});
`.replace(/"(\w+)":/g, '$1:');
}

/** The element of a choice that the sample takes: one type each. */
export function samplesOf(
  elements: readonly PlannedElement[],
  codeOf: (valueSet: string) => { readonly system: string | undefined; readonly code: string } | undefined,
): Record<string, unknown> {
  const taken = new Set<string>();
  const samples: Record<string, unknown> = {};
  for (const { member, key, sample, valueSet } of elements) {
    if (taken.has(member)) continue;
    taken.add(member);
    const code = valueSet === undefined ? undefined : codeOf(valueSet);
    samples[key] = code ? withCode(sample, code) : sample;
  }
  return samples;
}

function withCode(
  sample: unknown,
  { system, code }: { readonly system: string | undefined; readonly code: string },
): unknown {
  if (Array.isArray(sample)) return sample.map((each) => withCode(each, { system, code }));
  if (typeof sample === 'string') return code;
  const coding = { ...(system !== undefined && { system }), code };
  return 'coding' in (sample as object) ? { coding: [coding], text: 'sample' } : coding;
}
