import fc from 'fast-check';
import { modelOf, type Member } from '../../src/validate/model.js';

/** Values of each primitive type, most of which R4 takes. */
const primitives: Readonly<Record<string, readonly unknown[]>> = {
  base64Binary: ['aGk=', 'AAAA'],
  boolean: [true, false],
  canonical: ['http://x.example/a|1', 'urn:oid:1.2'],
  code: ['a', 'a b', 'final'],
  date: ['2024', '2024-02', '2024-02-29'],
  dateTime: ['2024', '2024-02-29T10:00:00+01:00', '2016-12-31T23:59:60Z'],
  decimal: [0, 1.5, -0.001, 1e10, 0.1],
  id: ['x', 'A-1.b'],
  instant: ['2024-02-29T10:00:00.123Z'],
  integer: [0, -1, 2147483647],
  markdown: ['*x*\nline'],
  mediaType: ['text/plain', 'application/pdf; x=1'],
  oid: ['urn:oid:1.2.3'],
  positiveInt: [1, 2147483647],
  string: ['x', 'Ärzte, "a|b$c" \\ d', '<b>', '\u{1F600}', "'; drop table patient; --"],
  time: ['10:00:00', '23:59:59.999'],
  unsignedInt: [0, 7],
  uri: ['urn:oid:1.2', 'http://x.example/a?b=c#d'],
  url: ['http://x.example/', 'urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11'],
  uuid: ['urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11'],
  xhtml: ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'],
};

/** What is never made: it would need what is not there, or has rules that nothing random meets. */
const left: ReadonlySet<string> = new Set(['id', 'meta', 'contained', 'implicitRules', 'modifierExtension']);

/** A resource of a type that has what it must have, and some of what it may have. */
export function randomResource(type: string): fc.Arbitrary<any> {
  return fc.infiniteStream(fc.nat(1_000_000)).map((numbers) => {
    const next = (below: number): number => (numbers.next().value as number) % below;
    return { resourceType: type, ...object(type, 0, next) };
  });
}

type Next = (below: number) => number;

function object(type: string, depth: number, next: Next): object {
  const model = modelOf(type);
  if (!model) return {};
  const required = new Set(model.required.map(({ element }) => element));
  const byElement = new Map<string, [name: string, member: Member][]>();
  for (const [name, member] of model.members)
    byElement.set(member.element, [...(byElement.get(member.element) ?? []), [name, member]]);
  const found: Record<string, unknown> = {};
  for (const [element, choices] of byElement) {
    if (left.has(element) || (element === 'extension' && next(8) > 0)) continue;
    if (!required.has(element) && next(depth + 3) > 0) continue;
    const [name, member] = choices[next(choices.length)] as [string, Member];
    const value = (): unknown => valueOf(member, depth, next);
    const made = member.isArray ? Array.from({ length: 1 + next(2) }, value) : value();
    if (made !== undefined) found[name] = made;
  }
  if (type === 'Extension') return { url: 'urn:oid:1.2', valueString: 'x' };
  return Object.keys(found).length > 0 || model.isResource ? found : { extension: [{ url: 'urn:x', valueCode: 'x' }] };
}

function valueOf({ type, isPrimitive, codes, targets }: Member, depth: number, next: Next): unknown {
  if (isPrimitive) {
    const known = codes ? [...codes.values()].flatMap((each) => [...each]) : (primitives[type] ?? ['x']);
    return known[next(known.length)];
  }
  if (type === 'Reference') {
    const all = [...(targets ?? ['Patient'])];
    return { reference: `${all[next(all.length)] as string}/x${String(next(3))}` };
  }
  if (type === 'Resource') return { resourceType: 'Basic', code: { text: 'x' } };
  if (type === 'Quantity') return { value: next(1000) / 8, unit: 'x' };
  if (type === 'Period') return { start: '2024', end: '2025' };
  return depth > 3 ? { extension: [{ url: 'urn:x', valueCode: 'x' }] } : object(type, depth + 1, next);
}

const strange = [
  ...['null', '""', '[]', '{}', '[[]]', '[null]', '{"x":1}', 'true', '-1.50', '1e400', '1E-400', '9007199254740993'],
  ...['"\\u0000"', '"\\ud800"', '"x\\u0008"', '" "', '"%"', '"Patient/b"', '"#"', '"../../etc"', '"javascript:x"'],
  ...['{"__proto__":{"x":1}}', '{"reference":"Patient/b"}', '{"extension":[]}', '{"resourceType":"Nothing"}'],
  ...[`"${'x'.repeat(300)}"`, `"${'9'.repeat(400)}"`, '1'.repeat(400), '"2024-02-30"', '"0000"', '[1,"x",{}]'],
];

/** The text of a resource with something strange in the place of a value, or beside it. */
export function disfigured(text: string, at: number, pick: number): string {
  const places = [...text.matchAll(/:("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false)/g)].filter(
    ({ index }) => !/"(resourceType|id)"$/.test(text.slice(0, index)),
  );
  const place = places[at % places.length];
  const value = strange[pick % strange.length] as string;
  if (!place) return `${text.slice(0, -1)},"strange":${value}}`;
  const { index } = place;
  if (pick % 3 === 0) return `${text.slice(0, -1)},"_strange":${value}}`;
  return `${text.slice(0, index + 1)}${value}${text.slice(index + place[0].length)}`;
}
