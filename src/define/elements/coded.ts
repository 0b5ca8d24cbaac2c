import type { CodeableConcept, Coding } from '@medplum/fhirtypes';
import { fold } from '../fold.js';
import {
  column,
  globalise,
  localise,
  searchColumn,
  textAt,
  type Context,
  type DraftRow,
  type Places,
  type Reader,
} from './element.js';
import type { TokenElement } from './scalars.js';

type CodingColumns<P extends string> = `${P}_system` | `${P}_code` | `${P}_display`;
type ConceptColumns<P extends string> = CodingColumns<P> | `${P}_text`;

const names = <P extends string>(prefix: P) => ({
  system: `${prefix}_system` as const,
  code: `${prefix}_code` as const,
  display: `${prefix}_display` as const,
  text: `${prefix}_text` as const,
});

function codingReader(at: Places, prefix: ReturnType<typeof names>): Reader<Coding> {
  const [systemAt, codeAt, displayAt] = [prefix.system, prefix.code, prefix.display].map((name) => at.column(name)) as [
    number,
    number,
    number,
  ];
  return (row, context) => {
    const system = row[systemAt] as string | null;
    const code = row[codeAt] as string | null;
    const display = row[displayAt] as string | null;
    if (system === null && code === null && display === null) return undefined;
    const coding: Coding = {};
    if (system !== null) coding.system = globalise(system, context);
    if (code !== null) coding.code = code;
    if (display !== null) coding.display = display;
    return coding;
  };
}

function writeCoding(value: Coding, into: DraftRow, prefix: ReturnType<typeof names>, context: Context): void {
  into[prefix.system] = value.system === undefined ? null : localise(value.system, context);
  into[prefix.code] = value.code ?? null;
  into[prefix.display] = value.display ?? null;
}

/** A Coding: `<prefix>_system`, `_code`, `_display`. */
export function coding<P extends string>(prefix: P): TokenElement<Coding, CodingColumns<P>> {
  const name = names(prefix);
  return {
    columns: [column(name.system), column(name.code), column(name.display)],
    token: { code: name.code, system: name.system, text: [name.display] },
    reader: (at) => codingReader(at, name),
    write: (value, into, context) => writeCoding(value, into, name, context),
  };
}

/** A CodeableConcept with its first coding: `<prefix>_system`, `_code`, `_display`, `_text`. Further codings are the engine's to keep. */
export function concept<P extends string>(prefix: P): TokenElement<CodeableConcept, ConceptColumns<P>> {
  const name = names(prefix);
  return {
    columns: [column(name.system), column(name.code), column(name.display), column(name.text)],
    token: { code: name.code, system: name.system, text: [name.text, name.display] },
    reader: (at) => {
      const first = codingReader(at, name);
      const text = textAt(at, name.text);
      return (row, context) => {
        const coding = first(row, context);
        const words = text(row, context);
        if (words === undefined) return coding && { coding: [coding] };
        return coding ? { coding: [coding], text: words } : { text: words };
      };
    },
    write: (value, into, context) => {
      if (value.coding?.[0]) writeCoding(value.coding[0], into, name, context);
      into[name.text] = value.text ?? null;
    },
  };
}

/** A CodeableConcept whose text is found as a string: `<prefix>_text_fold` beside its columns. */
export function foldedConcept<P extends string>(
  prefix: P,
): TokenElement<CodeableConcept, ConceptColumns<P> | `${P}_text_fold`> & {
  readonly text: { readonly exact: `${P}_text`; readonly folded: `${P}_text_fold` };
} {
  const plain = concept(prefix);
  const text = { exact: `${prefix}_text`, folded: `${prefix}_text_fold` } as const;
  return {
    ...plain,
    columns: [...plain.columns, searchColumn(text.folded)],
    text,
    write: (value, into, context) => {
      plain.write(value, into, context);
      into[text.folded] = value.text === undefined ? null : fold(value.text);
    },
  };
}
