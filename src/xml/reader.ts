import type { SaxesAttributeNS, SaxesTagNS } from 'saxes';
import { OutcomeError } from '../outcome.js';
import { Markup } from './markup.js';
import { definedShape, FHIR, NUMBER, shapeOf, XHTML, type Place, type Shape } from './shape.js';

/** Ends the reading, with what is wrong in the line that has been reached. */
export type Fail = (what: string, path?: string) => never;

type Members = Record<string, unknown>;

/** An element that is open. */
interface Frame {
  readonly name: string;
  /** Where it is, as an expression. */
  readonly path: string;
  /** Undefined for an element that holds a resource. */
  readonly shape: Shape | undefined;
  /** What a value is, in an element of a primitive type. */
  readonly value: unknown;
  readonly isPrimitive: boolean;
  /** What JSON has for it; beside the value, in an element of a primitive type. */
  readonly members: Members;
  /** The elements of one name that come one after the other. */
  run?: Run | undefined;
  /** Of an element that holds one. */
  resource?: Members;
}

interface Run {
  readonly place: Place;
  readonly values: unknown[];
  readonly besides: unknown[];
}

/** As deep as JSON may be. */
const MAX_DEPTH = 64;
/** The parser looks for a namespace in every element that is open. */
const MAX_MARKUP_DEPTH = 200;

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

const numbers: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);
/** https://hl7.org/fhir/R4/datatypes.html#primitive: of JSON's numbers; a whole one may have its sign. */
const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export interface ReaderOptions {
  readonly source: string;
  /** How many elements there may be. */
  readonly most: number;
  readonly fail: Fail;
  /** Called before the first element. */
  readonly begin: () => void;
  /** Where the parser is in the source. */
  readonly position: () => number;
}

/** Makes JSON of the elements of a resource as they go by, along its definition. */
export class Reader {
  resource: Members | undefined;
  #open: Frame[] = [];
  #markup: Markup | undefined;
  #depth = 0;
  #count = 0;

  constructor(private readonly options: ReaderOptions) {}

  get path(): string | undefined {
    return this.#open.at(-1)?.path;
  }

  open(tag: SaxesTagNS): void {
    if (this.#count === 0) this.options.begin();
    if (++this.#count > this.options.most)
      throw new OutcomeError(413, 'too-long', `The body has more than ${String(this.options.most)} elements`);
    const most = this.#markup ? MAX_MARKUP_DEPTH : MAX_DEPTH;
    if (++this.#depth > most) this.#fail(`The elements are nested more than ${String(most)} levels deep`);
    const around = this.#open.at(-1);
    if (this.#markup) this.#inMarkup(this.#markup.open(tag, this.options.position()));
    else if (!around?.shape) this.#openResource(tag, around);
    else this.#openElement(tag, around, around.shape);
  }

  close(tag: SaxesTagNS): void {
    this.#depth--;
    if (!this.#markup) {
      this.#closeFrame();
      return;
    }
    const div = this.#markup.close(tag, this.options.position());
    if (div === undefined) return;
    this.#markup = undefined;
    this.#open.at(-1)?.run?.values.push(div);
  }

  characters(text: string): void {
    if (this.#markup) this.#markup.characters(text);
    else if (/[^ \t\n\r]/.test(text)) this.#fail('There is text here: a value is an attribute');
  }

  section(text: string): void {
    if (this.#markup) this.#markup.section(text);
    else this.#fail('There is text here: a value is an attribute');
  }

  comment(text: string): void {
    this.#markup?.comment(text);
  }

  #fail(what: string, path = this.path): never {
    return this.options.fail(what, path);
  }

  #inMarkup(fault: string | undefined): void {
    if (fault !== undefined) this.#fail(`The narrative ${fault}`);
  }

  #openResource(tag: SaxesTagNS, holder: Frame | undefined): void {
    const { local: type, uri } = tag;
    const shape = uri === FHIR ? shapeOf(type) : undefined;
    if (!shape?.isResource) this.#fail(`There must be a resource type of R4 here, in the namespace ${FHIR}`);
    if (holder?.resource) this.#fail('There is one resource here already');
    const members: Members = { resourceType: type };
    if (holder) holder.resource = members;
    else this.resource = members;
    const path = holder ? holder.path : type;
    this.#attributes(tag, path, () => false);
    this.#open.push({ name: type, path, shape, value: undefined, isPrimitive: false, members });
  }

  #openElement(tag: SaxesTagNS, around: Frame, shape: Shape): void {
    const place = this.#placeOf(tag, around, shape);
    const { name, type, isArray, isPrimitive, holdsResource } = place;
    const run = this.#runOf(place, around);
    const path = `${around.path}.${name}${isArray ? `[${String(run.values.length)}]` : ''}`;
    if (type === 'xhtml') {
      this.#markup = new Markup(this.options.source);
      this.#inMarkup(this.#markup.open(tag, this.options.position()));
      return;
    }
    const members: Members = {};
    const inner = holdsResource ? undefined : definedShape(isPrimitive ? 'Element' : type);
    let value: unknown;
    this.#attributes(tag, path, ({ local, value: text }) => {
      if (local === 'value' && isPrimitive) value = this.#valueOf(text, type, path);
      else if (inner?.places.get(local)?.isAttribute) members[local] = text === '' ? this.#empty(path) : text;
      else return false;
      return true;
    });
    this.#open.push({ name, path, shape: inner, value, isPrimitive, members });
  }

  #placeOf({ local, uri }: SaxesTagNS, { path }: Frame, { places }: Shape): Place {
    const place = places.get(local);
    const named = /^\w{1,64}$/.test(local) ? `${path}.${local}` : path;
    if (!place) return this.#fail('R4 has no such element here', named);
    if (place.isAttribute) return this.#fail('This is an attribute in XML', named);
    const space = place.type === 'xhtml' ? XHTML : FHIR;
    if (uri !== space) return this.#fail(`This element belongs to the namespace ${space}`, named);
    return place;
  }

  /** Elements have their order, and those of one name come together. */
  #runOf(place: Place, around: Frame): Run {
    const { run } = around;
    const { name, order } = place;
    const path = `${around.path}.${name}`;
    if (run?.place === place) {
      if (!place.isArray) this.#fail('There is one of these elements, and no more', path);
      return run;
    }
    if (run?.place.order === order) this.#fail('An element has one type: the other one is there already', path);
    if (run && run.place.order > order)
      this.#fail('This element comes too late: R4 says in which order they come', path);
    settle(around);
    return (around.run = { place, values: [], besides: [] });
  }

  #attributes({ attributes }: SaxesTagNS, path: string, take: (attribute: SaxesAttributeNS) => boolean): void {
    for (const attribute of Object.values(attributes)) {
      const { uri, local } = attribute;
      // Where a schema is says nothing of the resource.
      if (uri === XMLNS || (uri === XSI && local === 'schemaLocation')) continue;
      if (uri !== '' || !take(attribute))
        this.#fail('R4 has no such attribute here', /^\w{1,64}$/.test(local) ? `${path}.${local}` : path);
    }
  }

  #valueOf(text: string, type: string, path: string): unknown {
    if (text === '') return this.#empty(path);
    if (type === 'boolean') {
      if (text !== 'true' && text !== 'false') this.#fail('The value is not a boolean', path);
      return text === 'true';
    }
    if (!numbers.has(type)) return text;
    // JSON has no plus sign in front of a number.
    const written = type === 'decimal' ? text : text.replace(/^\+(?=[1-9])/, '');
    if (!number.test(written)) this.#fail('The value is not a number', path);
    return NUMBER + written;
  }

  #empty(path: string): never {
    return this.#fail('An attribute is empty: an absent one is left out', path);
  }

  #closeFrame(): void {
    const frame = this.#open.at(-1) as Frame;
    settle(frame);
    const { members, shape, isPrimitive, value } = frame;
    const isEmpty = Object.keys(members).length === 0;
    if (!shape && !frame.resource) this.#fail('There is no resource here');
    if (shape && isEmpty && value === undefined) this.#fail('An element is empty: an absent one is left out');
    this.#open.pop();
    const run = this.#open.at(-1)?.run;
    if (!run || shape?.isResource) return;
    run.values.push(isPrimitive ? (value ?? null) : (frame.resource ?? members));
    run.besides.push(isPrimitive && !isEmpty ? members : null);
  }
}

/** Gives the elements of the last run to what they are in. What all of them lack is left out. */
function settle({ run, members }: Frame): void {
  if (!run) return;
  const { place, values, besides } = run;
  const { name, isArray } = place;
  if (values.some((each) => each !== null)) members[name] = isArray ? values : values[0];
  if (besides.some((each) => each !== null)) members[`_${name}`] = isArray ? besides : besides[0];
}
