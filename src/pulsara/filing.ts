import { asSystem } from '../access/narrow.js';
import type { Trail } from '../audit/trail.js';
import { parseJson } from '../define/json.js';
import type { Narrowing } from '../define/request.js';
import { JobError } from '../jobs/retry.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Database } from '../store/database.js';
import type { Entry } from '../store/render.js';
import type { Rows } from '../store/rows.js';
import type { Current, Planned, Writer } from '../store/write.js';
import { isValid, validate, type Profiles } from '../validate/structure.js';
import type { Place } from './place.js';

/** What cases are written with. */
export interface FilingOptions {
  readonly own: Database;
  readonly rows: Rows;
  readonly writer: Writer;
  readonly registry: Registry;
  readonly profiles: Profiles;
  readonly trail: Pick<Trail, 'plan'>;
  /** Of the FHIR server. */
  readonly base: string;
  readonly now: () => number;
}

interface Resource {
  readonly resourceType: string;
  readonly id?: string;
}

/** The one write path, for the organization of an integration. */
export class Filing {
  readonly #narrowing: Narrowing;
  /** What a change was decided on: whoever wrote to it since was faster, and it is decided anew. */
  readonly #read = new Map<string, Current>();
  readonly planned: Planned[] = [];

  constructor(
    readonly options: FilingOptions,
    readonly place: Place,
  ) {
    this.#narrowing = asSystem(place.integration.tenant, 'pulsara ingestion');
  }

  get narrowing(): Narrowing {
    return this.#narrowing;
  }

  resource(type: string): RegisteredResource {
    const resource = this.options.registry.get(type);
    if (!resource) throw new Error(`${type} is not served`);
    return resource;
  }

  async read<T>(type: string, id: string): Promise<T | undefined> {
    const current = await this.options.writer.current(this.resource(type), id, this.#narrowing);
    this.#read.set(`${type}/${id}`, current);
    return current.entry && (JSON.parse(current.entry.text) as T);
  }

  /** What refers to an encounter. */
  async ofEncounter(type: 'Observation' | 'Communication', id: string): Promise<Entry[]> {
    const literals = [`Encounter/${id}`];
    return this.options.rows.referring(this.resource(type), 'encounter', literals, this.#narrowing, 5000);
  }

  /** Plans to write a resource. Errors: JobError where it is not valid R4. */
  async save(resource: Resource, literals: ReturnType<typeof parseJson>['literals'] = []): Promise<void> {
    const { writer, profiles } = this.options;
    if (!isValid(validate(resource, profiles))) throw new JobError('not-valid-r4');
    const sent = { resource: resource as unknown as Readonly<Record<string, unknown>>, literals };
    const author = { user: `integration:${this.place.integration.id}` };
    const type = this.resource(resource.resourceType);
    const current = this.#read.get(`${resource.resourceType}/${resource.id ?? ''}`);
    this.planned.push(await writer.planSave(type, sent, this.#narrowing, author, resource.id, current));
  }

  /** Plans to change what is stored, with its numbers as they were written. */
  async change(entry: Entry, changed: object): Promise<void> {
    this.#read.set(`${entry.type}/${entry.id}`, { entry, last: undefined });
    const { value, literals } = parseJson(entry.text);
    await this.save({ ...(value as Resource), ...changed }, literals);
  }

  get changes(): boolean {
    return this.planned.some(({ outcome }) => outcome !== 'unchanged');
  }
}
