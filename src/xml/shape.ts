import { resourceNames } from '../validate/definitions.js';
import { modelOf, type Member, type Model } from '../validate/model.js';

/** An element of a type, as XML has it: https://hl7.org/fhir/R4/xml.html */
export interface Place {
  /** As JSON has it too: `valueQuantity` for `value[x]`. */
  readonly name: string;
  /** The types of a choice are in one place. */
  readonly order: number;
  readonly type: string;
  readonly isArray: boolean;
  readonly isPrimitive: boolean;
  readonly isAttribute: boolean;
  /** A resource stands in it under the name of its type. */
  readonly holdsResource: boolean;
}

export interface Shape {
  readonly isResource: boolean;
  readonly places: ReadonlyMap<string, Place>;
}

const shapes = new Map<string, Shape>();

/** How a resource or data type, or a part of one, is written; undefined where R4 has none of that name. */
export function shapeOf(type: string): Shape | undefined {
  const known = shapes.get(type);
  if (known) return known;
  const model = modelOf(type);
  if (!model) return undefined;
  const shape = made(model);
  shapes.set(type, shape);
  return shape;
}

/** The shape of a type that a definition names. */
export function definedShape(type: string): Shape {
  const shape = shapeOf(type);
  if (!shape) throw new Error(`There is no definition of ${type}`);
  return shape;
}

/** The definitions have the elements in their order. */
function made({ name: type, isResource, members }: Model): Shape {
  const places = new Map<string, Place>();
  let order = 0;
  let before: string | undefined;
  for (const [name, member] of members) {
    if (member.element !== before) order++;
    before = member.element;
    places.set(name, { name, order, ...kindOf(member), isAttribute: isAttribute(type, isResource, name) });
  }
  return { isResource, places };
}

const kindOf = ({ type, isArray, isPrimitive }: Member): Omit<Place, 'name' | 'order' | 'isAttribute'> => ({
  ...{ type, isArray, isPrimitive },
  holdsResource: type === 'Resource' || resourceNames().has(type),
});

/** The id of a resource is an element; that of anything else, and the URL of an extension, are attributes. */
const isAttribute = (type: string, isResource: boolean, name: string): boolean =>
  (name === 'id' && !isResource) || (name === 'url' && type === 'Extension');

export const FHIR = 'http://hl7.org/fhir';
export const XHTML = 'http://www.w3.org/1999/xhtml';

/**
 * Both ways, the text of a number stands between JSON and XML as a string that this begins: neither format has the
 * character in a string that a resource may hold.
 */
export const NUMBER = '\u0000';
