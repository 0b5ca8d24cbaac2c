import type { Operation, Spelling } from '../../access/grammar.js';

/** A line that a user can leave out: some scopes, and what they mean. */
export interface Choice {
  readonly value: string;
  readonly says: string;
}

/** What opens nothing but says something: several scopes that mean one thing. */
const contexts: readonly (readonly [scopes: readonly string[], says: string])[] = [
  [['openid', 'fhirUser', 'profile'], 'Know who you are, so that you need no other account'],
  [['offline_access'], 'Keep this access while you are away, for up to 90 days'],
  [['online_access'], 'Keep this access until you log out here'],
];

/** The lines about the user, and not about data. */
export const contextChoices = (scopes: readonly Spelling[]): Choice[] =>
  contexts.flatMap(([texts, says]) => {
    const found = scopes.filter(({ text }) => texts.includes(text));
    return found.length === 0 ? [] : [{ value: (found[0] as Spelling).text, says }];
  });

/**
 * The lines about data, what matters most to a patient first; a scope of all types has one for each type, so that each
 * can be left out.
 */
export const dataChoices = (scopes: readonly Spelling[], types: readonly string[]): Choice[] => {
  const lines = scopes.flatMap((scope) =>
    partsOf(scope, types).map(({ text, type }) => ({ value: text, says: meaning(scope, type), place: placeOf(type) })),
  );
  const alike = new Map(lines.map((each) => [each.value, each]));
  return [...alike.values()].sort((one, other) => one.place - other.place);
};

interface Part {
  readonly text: string;
  readonly type: string;
}

function partsOf(scope: Spelling, types: readonly string[]): Part[] {
  if (scope.kind !== 'smart') return [];
  if (scope.type !== '*') return [{ text: scope.text, type: scope.type }];
  return types.map((type) => ({ text: scope.text.replace('/*.', `/${type}.`), type }));
}

/**
 * The scopes that a user left: those whose line they left, and of a scope of all types, where they left only some lines,
 * those. Nothing that was not offered is among them, whatever a form says.
 */
export function chosenScopes(scopes: readonly Spelling[], types: readonly string[], left: readonly string[]): string[] {
  const isLeft = (text: string): boolean => left.includes(text);
  const texts = scopes.flatMap((scope) => {
    if (scope.kind === 'context') return isContextLeft(scope.text, scopes, isLeft) ? [scope.text] : [];
    const parts = partsOf(scope, types).filter(({ text }) => isLeft(text));
    const isWhole = parts.length === partsOf(scope, types).length;
    return isWhole ? [scope.text] : parts.map(({ text }) => text);
  });
  return [...new Set(texts)];
}

/** The context of a launch is not for the user to leave out: without it the rest would mean something else. */
function isContextLeft(text: string, scopes: readonly Spelling[], isLeft: (text: string) => boolean): boolean {
  const line = contexts.find(([texts]) => texts.includes(text));
  const first = line && scopes.find((each) => line[0].includes(each.text));
  return first === undefined || isLeft(first.text);
}

const things: Readonly<Record<string, string>> = {
  Patient: 'personal details, such as name, address and date of birth',
  Observation: 'measurements and test results',
  DiagnosticReport: 'reports of laboratory, imaging and other tests',
  Encounter: 'visits',
  DocumentReference: 'documents',
  Communication: 'messages',
  Condition: 'diagnoses',
  MedicationRequest: 'prescriptions',
  AllergyIntolerance: 'allergies',
  Immunization: 'vaccinations',
  Specimen: 'samples that were taken, such as blood',
  Practitioner: 'names of clinicians',
  PractitionerRole: 'where clinicians work, and as what',
  Organization: 'names of organizations',
  Location: 'names of places of care',
  Provenance: 'who wrote what in the record',
  AuditEvent: 'the record of who asked for what',
  Subscription: 'what programs are told of by themselves',
};

/** The place of a type in that list; what has no words there comes last. */
function placeOf(type: string): number {
  const place = Object.keys(things).indexOf(type);
  return place === -1 ? Object.keys(things).length : place;
}

const deeds: readonly (readonly [operations: readonly Operation[], word: string])[] = [
  [['r', 's'], 'read'],
  [['c'], 'add'],
  [['u'], 'change'],
  [['d'], 'delete'],
];

/** "Read and change documents; only: clinical-note". */
export function meaning(scope: Spelling, type?: string): string {
  if (scope.kind !== 'smart') return scope.text;
  const { operations, query } = scope;
  const words = deeds.filter(([letters]) => letters.some((each) => operations.has(each))).map(([, word]) => word);
  const deed = words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1) as string}` : (words[0] ?? '');
  const only = query.flatMap(([, values]) => values.map((value) => value.split('|').at(-1) as string));
  const what = thingOf(type ?? scope.type);
  return `${deed.charAt(0).toUpperCase()}${deed.slice(1)} ${what}${only.length === 0 ? '' : `; only: ${only.join(', ')}`}`;
}

const thingOf = (type: string): string =>
  type === '*' ? 'everything' : (things[type] ?? type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase());
