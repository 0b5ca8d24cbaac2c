import { attribute } from './escape.js';
import { narrativeToXml } from './narrative.js';
import { definedShape, FHIR, NUMBER, type Place, type Shape } from './shape.js';

type Members = Readonly<Record<string, unknown>>;

/** The JSON text of a resource that Portico wrote, as XML: https://hl7.org/fhir/R4/xml.html */
export function toXml(json: string, pretty = false): string {
  const writer = new Writer(pretty);
  writer.resource(JSON.parse(withNumbersAsText(json)) as Members, 0, ` xmlns="${FHIR}"`);
  return `<?xml version="1.0" encoding="UTF-8"?>${writer.text}`;
}

/** JSON.parse would forget how a decimal was written: `:7.0,` is `:"7.0",`. */
function withNumbersAsText(json: string): string {
  let text = '';
  let taken = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = afterString(json, at) - 1;
    else if (code === MINUS || isDigit(code)) {
      const end = afterNumber(json, at);
      text += `${json.slice(taken, at)}"\\u0000${json.slice(at, end)}"`;
      taken = end;
      at = end - 1;
    }
  }
  return text + json.slice(taken);
}

const QUOTE = 34;
const MINUS = 45;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

const inNumber = /[\d.eE+-]*/y;

function afterNumber(text: string, start: number): number {
  inNumber.lastIndex = start;
  inNumber.test(text);
  return inNumber.lastIndex;
}

function afterString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 92) backslashes++;
    at = end + 1;
    if (backslashes % 2 === 0) return at;
  }
}

class Writer {
  text = '';

  constructor(private readonly pretty: boolean) {}

  resource({ resourceType, ...members }: Members, depth: number, namespace = ''): void {
    const shape = definedShape(String(resourceType));
    this.#element(String(resourceType), namespace, members, shape, depth);
  }

  #indent(depth: number): void {
    if (this.pretty) this.text += `\n${'  '.repeat(depth)}`;
  }

  #element(name: string, attributes: string, members: Members, shape: Shape, depth: number): void {
    this.#indent(depth);
    this.text += `<${name}${attributes}`;
    const inner = this.#attributes(members, shape);
    if (inner.length === 0) {
      this.text += '/>';
      return;
    }
    this.text += '>';
    for (const place of inner) this.#member(place, members, depth + 1);
    this.#close(name, depth);
  }

  #close(name: string, depth: number): void {
    this.#indent(depth);
    this.text += `</${name}>`;
  }

  /** Writes what is an attribute. Returns what is an element, in order. */
  #attributes(members: Members, { places }: Shape): Place[] {
    const inner: Place[] = [];
    let isOrdered = true;
    for (const key of Object.keys(members)) {
      const isBeside = key.startsWith('_');
      if (isBeside && members[key.slice(1)] !== undefined) continue;
      const place = places.get(isBeside ? key.slice(1) : key);
      // Nothing is left out without a word.
      if (!place) throw new Error('A resource has an element that its definition does not have');
      if (place.isAttribute) {
        this.text += ` ${place.name}="${attribute(String(members[key]))}"`;
        continue;
      }
      if (place.order < (inner.at(-1)?.order ?? 0)) isOrdered = false;
      inner.push(place);
    }
    return isOrdered ? inner : inner.sort((a, b) => a.order - b.order);
  }

  #member(place: Place, members: Members, depth: number): void {
    const { name } = place;
    const values = listOf(members[name]);
    const besides = listOf(members[`_${name}`]);
    for (let index = 0; index < Math.max(values.length, besides.length); index++) {
      const value = values[index] ?? undefined;
      const beside = besides[index] ?? undefined;
      if (value !== undefined || beside !== undefined) this.#value(place, value, beside as Members | undefined, depth);
    }
  }

  #value(place: Place, value: unknown, beside: Members | undefined, depth: number): void {
    const { name, type, isPrimitive, holdsResource } = place;
    if (type === 'xhtml') {
      this.#indent(depth);
      this.text += narrativeToXml(String(value));
    } else if (isPrimitive) {
      const written = value === undefined ? '' : ` value="${attribute(textOf(value))}"`;
      this.#element(name, written, beside ?? {}, definedShape('Element'), depth);
    } else if (holdsResource) {
      this.#indent(depth);
      this.text += `<${name}>`;
      this.resource(value as Members, depth + 1);
      this.#close(name, depth);
    } else this.#element(name, '', value as Members, definedShape(type), depth);
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const textOf = (value: unknown): string => {
  const text = String(value);
  return text.startsWith(NUMBER) ? text.slice(1) : text;
};
