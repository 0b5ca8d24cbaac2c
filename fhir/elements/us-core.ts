import type { Coding, Extension } from '@medplum/fhirtypes';
import {
  ABSENT,
  column,
  el,
  searchColumn,
  textAt,
  type DraftRow,
  type ExtensionElement,
  type Values,
} from '../../src/define/index.js';

/** Elements that several resources of US Core share. */
export const usCore = (name: string): string => `http://hl7.org/fhir/us/core/StructureDefinition/${name}`;

/** The profiles of Observation in US Core 6.1.0. */
export const observationProfiles: readonly string[] = [
  ...['vital-signs', 'blood-pressure', 'bmi', 'body-height', 'body-temperature', 'body-weight', 'head-circumference'],
  ...['heart-rate', 'pulse-oximetry', 'respiratory-rate', 'smokingstatus', 'simple-observation', 'observation-lab'],
  ...['observation-clinical-result', 'observation-occupation', 'observation-pregnancyintent'],
  ...['observation-pregnancystatus', 'observation-screening-assessment', 'observation-sexual-orientation'],
]
  .map((name) => usCore(`us-core-${name}`))
  .concat(
    ['head-occipital-frontal-circumference-percentile', 'pediatric-bmi-for-age', 'pediatric-weight-for-height'].map(
      usCore,
    ),
  );

const levels = [
  ['omb', 'ombCategory'],
  ['detailed', 'detailed'],
] as const;

/** The race or ethnicity extension: OMB categories and detailed codes as rows of a child table, the text in a column. */
export function omb<const N extends string, const T extends string>(
  url: string,
  child: N,
  text: T,
): ExtensionElement<`${N}.${'level' | 'code_system' | 'code_code' | 'code_display'}` | T> {
  const code = el.coding('code');
  return el.extensionOf(url, {
    columns: [column(text)],
    children: { [child]: [column('level', 'omb'), ...code.columns] },
    reader: (at) => {
      const { index, places } = at.child(child);
      const levelAt = places.column('level');
      const codingAt = code.reader(places);
      const described = textAt(at, text);
      return (row, context) => {
        const rows = row[index] as readonly Values[];
        const parts: Extension[] = levels.flatMap(([level, url]) =>
          rows
            .filter((each) => each[levelAt] === level)
            .map((each) => ({ url, valueCoding: codingAt(each, context) as Coding })),
        );
        const words = described(row, context);
        if (words !== undefined) parts.push({ url: 'text', valueString: words });
        return parts.length > 0 ? { extension: parts } : undefined;
      };
    },
    write: (value, into, context) => {
      const parts = value.extension ?? [];
      into[child] = parts.flatMap((part) => {
        const level = levels.find(([, url]) => url === part.url)?.[0];
        if (level === undefined || !part.valueCoding) return [];
        const row: DraftRow = { level, code_system: null, code_code: null, code_display: null };
        code.write(part.valueCoding, row, context);
        return [row];
      });
      into[text] = parts.find((part) => part.url === 'text')?.valueString ?? null;
    },
  });
}

/** `deceased[x]` in two columns, and a third that answers the search: a patient with neither is not deceased. */
export function deceased() {
  const boolean = el.boolean('deceased_boolean');
  const at = el.dateTime('deceased_at');
  const flag = searchColumn('deceased', false);
  return {
    deceasedBoolean: {
      ...boolean,
      columns: [flag, ...boolean.columns],
      reader: (places) => {
        const time = places.column('deceased_at_start');
        const read = boolean.reader(places);
        return (row, context) => (row[time] === ABSENT ? read(row, context) : undefined);
      },
      write: (value, into, context) => {
        boolean.write(value, into, context);
        into['deceased'] = value;
      },
    } satisfies typeof boolean,
    deceasedDateTime: {
      ...at,
      columns: [flag, ...at.columns],
      write: (value, into, context) => {
        at.write(value, into, context);
        into['deceased'] = true;
      },
    } satisfies typeof at,
  };
}
