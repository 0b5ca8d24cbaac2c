import type { Extension } from '@medplum/fhirtypes';
import type { Context, Element, ExtensionShape } from './element.js';
import { group, list, usesOf, type Shape } from './structure.js';

type Body = Partial<Extension>;

/** An extension that has columns: read and written without its URL. */
export interface ExtensionElement<C extends string> {
  readonly url: string;
  /** All values of the extension; one that cannot repeat has at most one. */
  readonly element: Element<Body[], C>;
  readonly shape: ExtensionShape;
}

type ColumnsOf<S> = { [K in keyof S]: S[K] extends Element<infer _, infer C> ? C : never }[keyof S];

/** `StructureDefinition/x` is the server's own; a bare name is a part of a complex extension. */
const urlOf = (url: string, { base }: Context): string =>
  url.startsWith('StructureDefinition/') ? `${base}/${url}` : url;

/** An extension that does not repeat, from any element. */
export function extensionOf<C extends string>(
  url: string,
  element: Element<Body, C>,
  shape: ExtensionShape = { url, repeats: false, parts: [] },
): ExtensionElement<C> {
  return {
    url,
    shape,
    element: {
      ...element,
      reader: (at) => {
        const read = element.reader(at);
        return (row, context) => {
          const value = read(row, context);
          return value && [value];
        };
      },
      write: ([value], into, context) => {
        if (value) element.write(value, into, context);
      },
    },
  };
}

/** @example extension(usCore('us-core-birthsex'), { valueCode: el.code('birth_sex') }) */
export function extension<S extends Shape<Extension>>(url: string, shape: S): ExtensionElement<ColumnsOf<S>> {
  return extensionOf(url, group<Body>()(shape), shapeOf(url, false, shape));
}

function shapeOf(url: string, repeats: boolean, members: Readonly<Record<string, unknown>>): ExtensionShape {
  const value = Object.keys(members).find((member) => member.startsWith('value'));
  const { extension: parts } = members as { extension?: Element<Extension[]> };
  return { url, repeats, ...(value !== undefined && { value }), parts: parts?.extensions ?? [] };
}

/** An extension that repeats, one row of a child table each. */
export function repeatedExtension<const N extends string, S extends Shape<Extension>>(
  url: string,
  child: N,
  shape: S,
): ExtensionElement<`${N}.${ColumnsOf<S>}`> {
  return { url, element: list(child, group<Body>()(shape)), shape: shapeOf(url, true, shape) };
}

/** The `extension` element: the known extensions in this order. Any other is the engine's to keep. */
export function extensions<C extends string>(...known: readonly ExtensionElement<C>[]): Element<Extension[], C> {
  return {
    ...usesOf(known.map((each) => each.element)),
    extensions: known.map(({ shape }) => shape),
    reader: (at) => {
      const readers = known.map(({ url, element }) => [url, element.reader(at)] as const);
      return (row, context) => {
        let read: Extension[] | undefined;
        for (const [url, values] of readers)
          for (const value of values(row, context) ?? []) (read ??= []).push(withUrl(value, urlOf(url, context)));
        return read;
      };
    },
    write: (value, into, context) => {
      for (const { url, element } of known) {
        const found = value.filter((each) => each.url === urlOf(url, context));
        if (found.length > 0) element.write(found, into, context);
      }
    },
  };
}

/** A complex extension names its URL after its parts, a simple one before its value. */
const withUrl = (value: Body, url: string): Extension => (value.extension ? { ...value, url } : { url, ...value });
