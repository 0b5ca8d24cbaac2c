import type { Issue } from '../outcome.js';
import { resourceNames } from './definitions.js';
import { holds, type Scope } from './invariants.js';
import { isCoded, isExcused, isOf } from './profile/bindings.js';
import { modelOf, type Constraint, type Member, type Model } from './model.js';
import { narrativeFault } from './narrative.js';
import { faultOf } from './primitives.js';
import { referenceFault } from './references.js';

type Members = Readonly<Record<string, unknown>>;

/** Goes through a resource along its definition. The text of an issue never quotes the value. */
export function walk(resource: Members, type: string): Issue[] {
  const walker = new Walker({ resource, root: resource });
  walker.resource(resource, type, type);
  return walker.issues;
}

/** Where a resource may stand in a path of invariants: what is contained sees what contains it. */
class Walker {
  readonly issues: Issue[] = [];

  constructor(private scope: Scope) {}

  resource(value: Members, type: string, path: string, isContained = false): void {
    const model = modelOf(type) as Model;
    const outer = this.scope;
    this.scope = { resource: value, root: isContained ? outer.root : value };
    this.#object(value, model, path);
    this.scope = outer;
    if (Array.isArray(value['contained'])) this.#contained(value, value['contained'] as unknown[], path);
  }

  #fault(code: string, text: string, path: string): void {
    this.issues.push({ severity: 'error', code, text, expression: [path] });
  }

  /** `beside`: it has the extensions of a value that is there. */
  #object(value: Members, model: Model, path: string, beside = false): void {
    const chosen = new Map<string, string>();
    let hasContent = beside;
    for (const key of Object.keys(value)) {
      if (key === 'resourceType' && model.isResource) continue;
      const name = key.startsWith('_') ? key.slice(1) : key;
      const member = model.members.get(name);
      const at = `${path}.${name}`;
      if (!member || (key !== name && !isExtensible(member, name, model))) {
        this.#fault('structure', 'R4 has no such element here', `${path}.${key}`);
        continue;
      }
      if (name !== 'id') hasContent = true;
      const before = chosen.get(member.element);
      if (before !== undefined && before !== name)
        this.#fault('structure', 'An element has one type: the other one is there already', at);
      chosen.set(member.element, name);
      if (key === name) this.#member(value[key], value[`_${key}`], member, at);
      else this.#extensions(value[key], value[name], member, at);
    }
    // ele-1: an id alone says nothing.
    if (!hasContent && !model.isResource)
      this.#fault('structure', 'An element is empty: an absent one is left out', path);
    for (const { element, members } of model.required)
      if (!members.some((name) => Object.hasOwn(value, name) || Object.hasOwn(value, `_${name}`)))
        this.#fault('structure', 'A mandatory element is missing', `${path}.${element.replace('[x]', '')}`);
    if (model.name === 'Extension') this.#extension(value, path);
    this.#ask(model.constraints, value, model.name, path);
  }

  #member(value: unknown, beside: unknown, member: Member, path: string): void {
    if (Array.isArray(value) !== member.isArray) {
      this.#fault('structure', member.isArray ? 'There is a list here' : 'There is one value here, and no list', path);
      return;
    }
    if (!member.isArray) {
      this.#value(value, beside, member, path);
      return;
    }
    const list = value as readonly unknown[];
    if (list.length === 0) this.#fault('structure', 'A list is empty: an absent element is left out', path);
    if (list.length > member.max) this.#fault('structure', `There are ${String(member.max)} values at the most`, path);
    const extensions = Array.isArray(beside) ? (beside as readonly unknown[]) : [];
    list.forEach((each, index) => this.#value(each, extensions[index], member, `${path}[${String(index)}]`));
  }

  #value(value: unknown, beside: unknown, member: Member, path: string): void {
    const { type, codes, most } = member;
    if (value === null) {
      // A place is kept for extensions alone.
      if (typeof beside !== 'object' || beside === null || !member.isArray)
        this.#fault('structure', 'null is no value: an absent element is left out', path);
      return;
    }
    if (member.isPrimitive) {
      const fault = type === 'xhtml' ? xhtmlFault(value) : faultOf(value, type);
      if (fault !== undefined) this.#fault('value', fault, path);
      else if (codes && !isOf(codes, value)) this.#fault('code-invalid', NOT_BOUND, path);
      else this.#ask(member.constraints, value, type, path);
      return;
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.#fault('structure', 'There is an object here', path);
      return;
    }
    const object = value as Members;
    if (type === 'Resource') {
      this.#inner(object, path);
      return;
    }
    const model = modelOf(type);
    if (!model) throw new Error(`There is no definition of ${type}`);
    this.#object(object, model, path);
    if (codes && !isExcused(object) && !isOf(codes, object)) this.#fault('code-invalid', NOT_BOUND, path);
    if (most && isCoded(object) && !isOf(most, object)) this.#fault('code-invalid', NOT_BOUND, path);
    if (type === 'Reference') this.#reference(object, member, path);
    // A part says its constraints as an element and as a type: they are asked once.
    const known = model.constraints;
    const others = member.constraints.filter(({ key }) => !known.some((each) => each.key === key));
    this.#ask(others, value, type, path);
  }

  /** The extensions of a primitive, beside its value or in its place. */
  #extensions(value: unknown, primitive: unknown, member: Member, path: string): void {
    if (Array.isArray(value) !== member.isArray) {
      this.#fault('structure', 'Extensions of a value stand as the value does', path);
      return;
    }
    const list = member.isArray ? (value as readonly unknown[]) : [value];
    if (list.length === 0) this.#fault('structure', 'A list is empty: an absent element is left out', path);
    const element = modelOf('Element') as Model;
    list.forEach((each, index) => {
      const at = member.isArray ? `${path}[${String(index)}]` : path;
      const own: unknown = Array.isArray(primitive) ? primitive[index] : primitive;
      const isBeside = own !== undefined && own !== null;
      if (each === null) {
        if (!isBeside || !member.isArray)
          this.#fault('structure', 'null is no value: an absent element is left out', at);
      } else if (typeof each === 'object' && !Array.isArray(each))
        this.#object(each as Members, element, at, isBeside && Object.keys(each).length > 0);
      else this.#fault('structure', 'There is an object here', at);
    });
  }

  #inner(value: Members, path: string): void {
    const { resourceType: type } = value;
    if (typeof type !== 'string' || !resourceNames().has(type))
      this.#fault('structure', 'resourceType is not a resource type of R4', path);
    else this.resource(value, type, path, /\.contained\[\d+\]$/.test(path));
  }

  /** ext-1: https://hl7.org/fhir/R4/extensibility.html#Extension */
  #extension(value: Members, path: string): void {
    const hasValue = Object.keys(value).some((key) => /^_?value[A-Z]/.test(key));
    if (hasValue === 'extension' in value)
      this.#fault('invariant', 'An extension has either a value or extensions (ext-1)', path);
    // Within another one it may be named relative to that.
    const { url } = value;
    if (typeof url === 'string' && !absolute.test(url) && !within.test(path))
      this.#fault('value', 'The URL of an extension is absolute', path);
  }

  #reference(value: Members, { targets }: Member, path: string): void {
    const fault = referenceFault(value, targets, this.scope.root);
    if (fault) this.issues.push({ severity: 'error', ...fault, expression: [path] });
  }

  /** dom-3: what is contained is there because something refers to it, or because it refers to what contains it. */
  #contained(value: Members, contained: readonly unknown[], path: string): void {
    const { contained: _contained, ...others } = value;
    const outside = new Set(localIn(others));
    const within = contained.map((each) => new Set(localIn(each)));
    const names = contained.map((each) => `#${String((each as { id?: unknown } | null)?.id)}`);
    for (const [index, own] of names.entries()) {
      const isNamed = outside.has(own) || within.some((names, other) => names.has(other === index ? '#' : own));
      const at = `${path}.contained[${String(index)}]`;
      if (!isNamed) this.#fault('invariant', 'Nothing refers to what is contained (dom-3)', at);
      // https://hl7.org/fhir/R4/references.html#contained
      if (names.indexOf(own) < index) this.#fault('structure', 'What is contained has an id of its own', `${at}.id`);
    }
  }

  #ask(constraints: readonly Constraint[], value: unknown, type: string, path: string): void {
    for (const constraint of constraints)
      if (!holds(constraint, value, type, this.scope))
        this.#fault('invariant', `${constraint.description} (${constraint.key})`, path);
  }
}

/** What is an attribute in XML has no extensions. */
const isExtensible = ({ isPrimitive }: Member, name: string, { isResource, name: type }: Model): boolean =>
  isPrimitive && (isResource || (name !== 'id' && !(name === 'url' && type === 'Extension')));

const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const within = /xtension\[\d+\]\.extension\[\d+\]$/;

const NOT_BOUND = 'The code is not one of the value set that is required here';

function xhtmlFault(value: unknown): string | undefined {
  const fault = typeof value === 'string' ? narrativeFault(value) : 'is not a string';
  return fault === undefined ? undefined : `The narrative ${fault}`;
}

/** References within the resource: `#id`, wherever they stand. */
function localIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('#') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(localIn);
}
