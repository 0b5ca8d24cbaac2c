import type { InternalSchemaElement } from '@medplum/core';

/** How one element, or one type of a choice, is held by columns. */
export interface PlannedElement {
  /** The element's name, without `[x]`. */
  readonly member: string;
  /** The member of the resource: `onsetDateTime`. */
  readonly key: string;
  /** `el.concept('code')`. */
  readonly text: string;
  /** What the row interface says: `columns.Concept<'code'>`, or members. */
  readonly row: { readonly group?: string; readonly member?: string };
  /** What the migration says: `s.concept(t, 'code')`. */
  readonly migration: string;
  /** A child table, for what repeats and is searched. */
  readonly child?: 'identifiers';
  /** How search parameters of a type are answered. */
  readonly search: Readonly<
    Record<string, { readonly text: string; readonly words: readonly string[]; readonly columns: readonly string[] }>
  >;
  /** A value to write in the test. */
  readonly sample: unknown;
  /** For a code: the value set that its sample is taken from. */
  readonly valueSet?: string;
}

type Made = Omit<PlannedElement, 'member' | 'key'>;

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Words that SQL keeps for itself would need quotes in everybody's queries. */
const reserved = new Set([
  'order',
  'group',
  'user',
  'when',
  'check',
  'references',
  'primary',
  'value',
  'type',
  'id',
  'version',
  'extra',
  'parts',
]);
const columnOf = (name: string): string =>
  (reserved.has(snake(name)) ? `${snake(name)}_` : snake(name)).replace(/_$/, '_of');

/** The elements of the language for one element of a definition; none where the engine had better keep it whole. */
export function elementOf(name: string, element: InternalSchemaElement): PlannedElement[] {
  const member = name.replace('[x]', '');
  const column = columnOf(member);
  const repeats = element.max > 1;
  // A single identifier has no table of its own.
  if (element.type[0]?.code === 'Identifier' && !repeats) return [];
  if (!name.endsWith('[x]')) {
    const made = byType(element.type[0]?.code ?? '', column, element);
    if (!made) return [];
    return [{ member, key: member, ...(repeats ? first(made) : made) }];
  }
  return element.type.flatMap(({ code }) => {
    const made = choice(code, column, element);
    return made ? [{ member, key: `${member}${code.charAt(0).toUpperCase()}${code.slice(1)}`, ...made }] : [];
  });
}

/** The row holds the first of a list; what is searched is indexed for all of them. */
function first(made: Made): Made {
  if (made.child) return made;
  return { ...made, text: `el.first(${made.text})`, sample: [made.sample] };
}

function byType(code: string, column: string, element: InternalSchemaElement): Made | undefined {
  switch (code) {
    case 'Identifier':
      // Any other element of identifiers is kept whole.
      if (column !== 'identifier') return undefined;
      return {
        text: `el.list('identifiers', el.identifier())`,
        row: {},
        migration: '',
        child: 'identifiers',
        search: {
          token: { text: `within('identifiers', token(el.identifier()))`, words: ['within', 'token'], columns: [] },
        },
        sample: [{ system: 'urn:oid:2.16.840.1.113883.19.5', value: 'sample-1' }],
      };
    case 'CodeableConcept':
      return {
        ...coded('concept', 'Concept', column, {
          coding: [{ system: 'http://snomed.info/sct', code: '394659003' }],
          text: 'sample',
        }),
        ...(element.binding?.valueSet !== undefined && { valueSet: element.binding.valueSet }),
      };
    case 'Coding':
      return coded('coding', 'Coding', column, {
        system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
        code: 'AMB',
      });
    case 'code':
      return {
        ...plain('code', column, 'string | null', `t.text('${column}')`, 'sample'),
        search: { token: { text: `token(el.code('${column}'))`, words: ['token'], columns: [column] } },
        ...(element.binding?.valueSet !== undefined && { valueSet: element.binding.valueSet }),
      };
    case 'Reference':
      return {
        text: `el.reference('${column}')`,
        row: { group: `columns.Reference<'${column}'>` },
        migration: `s.reference(t, '${column}')`,
        search: {
          reference: { text: `reference(el.reference('${column}'))`, words: ['reference'], columns: [column] },
        },
        sample: { reference: `${targetOf(element)}/sample` },
      };
    case 'boolean':
      return {
        ...plain('boolean', column, 'boolean | null', `t.boolean('${column}')`, true),
        search: { token: { text: `token(el.boolean('${column}'))`, words: ['token'], columns: [column] } },
      };
    case 'string':
    case 'markdown':
      return {
        text: `el.folded('${column}')`,
        row: { group: `columns.Folded<'${column}'>` },
        migration: `s.folded(t, '${column}')`,
        search: { string: { text: `text(el.folded('${column}'))`, words: ['text'], columns: [`${column}_fold`] } },
        sample: 'Sample text',
      };
    case 'integer':
    case 'positiveInt':
    case 'unsignedInt':
      return plain('number', column, 'number | null', `t.integer('${column}')`, 1);
    case 'uri':
    case 'url':
    case 'canonical':
      return {
        ...plain(
          'uri',
          column,
          'string | null',
          `s.ordered(t, '${column}')`,
          'urn:uuid:5a1b2c3d-0000-4000-8000-000000000001',
        ),
        search: { uri: { text: `uri(el.uri('${column}'))`, words: ['uri'], columns: [column] } },
      };
    case 'date':
    case 'dateTime':
    case 'instant':
      return timed(
        code === 'date' ? 'date' : 'dateTime',
        column,
        code === 'date' ? '2026-05-01' : '2026-05-01T10:00:00+02:00',
      );
    case 'Period':
      return timed('period', column, { start: '2026-05-01', end: '2026-05-02' });
    default:
      return undefined;
  }
}

/** The types of a choice that share one pair of times; the others are kept whole. */
function choice(code: string, column: string, element: InternalSchemaElement): Made | undefined {
  const made = code === 'dateTime' || code === 'Period' ? byType(code, column, element) : undefined;
  if (!made) return undefined;
  return {
    ...made,
    text: `el.when('${column}_type', '${code}', ${made.text})`,
    row: { ...made.row, member: `${column}_type: string | null` },
    // Both types share the normalised columns: the dateTime brings them.
    migration:
      code === 'Period' && element.type.some((other) => other.code === 'dateTime')
        ? `s.texts(t, '${column}_from', '${column}_to')`
        : `t.text('${column}_type');\n    ${made.migration}`,
  };
}

function coded(word: 'concept' | 'coding', group: string, column: string, sample: unknown): Made {
  return {
    text: `el.${word}('${column}')`,
    row: { group: `columns.${group}<'${column}'>` },
    migration: `s.${word}(t, '${column}')`,
    search: { token: { text: `token(el.${word}('${column}'))`, words: ['token'], columns: [`${column}_code`] } },
    sample,
  };
}

function timed(word: 'date' | 'dateTime' | 'period', column: string, sample: unknown): Made {
  const period = word === 'period';
  return {
    text: `el.${word}('${column}')`,
    row: { group: `columns.${period ? 'Period' : 'DateTime'}<'${column}'>` },
    migration: `s.${period ? 'period' : 'dateTime'}(t, '${column}')`,
    search: { date: { text: `date(el.${word}('${column}'))`, words: ['date'], columns: [`${column}_start`] } },
    sample,
  };
}

const plain = (word: string, column: string, type: string, migration: string, sample: unknown): Made => ({
  text: `el.${word}('${column}')`,
  row: { member: `${column}: ${type}` },
  migration,
  search: {},
  sample,
});

function targetOf(element: InternalSchemaElement): string {
  const targets = (element.type[0]?.targetProfile ?? []).map((url) => url.split('/').at(-1) ?? '');
  return targets.includes('Patient') ? 'Patient' : (targets.find((target) => target !== 'Resource') ?? 'Patient');
}
