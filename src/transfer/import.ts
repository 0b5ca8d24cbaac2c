import { asSystem } from '../access/narrow.js';
import type { Narrowing } from '../define/request.js';
import { parseJson, type Literal } from '../define/json.js';
import { OutcomeError, type Issue } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Author } from '../store/history.js';
import type { Rows } from '../store/rows.js';
import type { Planned, Writer } from '../store/write.js';
import { isValid, validate, type Profiles } from '../validate/structure.js';
import { readBundle, type BundleItem } from './bundle.js';
import { Resolver } from '../store/resolver.js';
import type { Item } from './sources.js';

/** What an import did, and what it refused and why. */
export interface Report {
  created: number;
  updated: number;
  unchanged: number;
  /** Resources of types that are not written here, by type. */
  readonly skipped: Record<string, number>;
  readonly refused: Refusal[];
}

export interface Refusal {
  readonly origin: string;
  readonly reason: string;
  readonly expression?: string;
}

export interface ImportOptions {
  readonly tenant: string;
  readonly registry: Registry;
  readonly rows: Rows;
  readonly writer: Writer;
  readonly base: string;
  /** Who writes; or who wrote each of them, where that is known. */
  readonly author: Author | ((resource: Resource) => Author);
  readonly profiles?: Profiles;
  /** A demo's own resources are checked by its tests and not on every start. */
  readonly trusted?: boolean;
  readonly now: () => number;
  readonly progress?: (report: Report) => void;
}

/** Resources that one commit takes: writers in one turn share the price of a sync. */
const BATCH = 200;

/** Of a file in XML: as many as the operator likes, but no file makes the process fall. */
const MAX_ELEMENTS = 10_000_000;

type Resource = Readonly<Record<string, unknown>>;

interface Candidate {
  readonly origin: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly literals: readonly Literal[];
}

/** Writes whatever the items hold. A Bundle is written whole or not at all; single resources are written each for itself. */
export async function importItems(items: AsyncIterable<Item>, options: ImportOptions): Promise<Report> {
  const run = new Import(options);
  for await (const item of items) await run.take(item);
  return run.finish();
}

class Import {
  readonly #report: Report = { created: 0, updated: 0, unchanged: 0, skipped: {}, refused: [] };
  readonly #narrowing: Narrowing;
  readonly #resolver: Resolver;
  readonly #waiting: Candidate[] = [];
  /** Items that refer to what may come later; they are tried once more at the end. */
  readonly #deferred: Item[] = [];
  readonly #binaries = new Map<string, string>();
  #last = false;

  constructor(private readonly options: ImportOptions) {
    this.#narrowing = asSystem(options.tenant, 'import');
    this.#resolver = new Resolver({ ...options, narrowing: () => this.#narrowing });
  }

  async take(item: Item): Promise<void> {
    try {
      const { value, literals } = parseJson(isXml(item.text) ? await asJson(item.text) : item.text);
      const resource = value as Readonly<Record<string, unknown>> | null;
      if (typeof resource !== 'object' || resource === null || typeof resource['resourceType'] !== 'string')
        throw new OutcomeError(400, 'invalid-resource', 'It is not a FHIR resource: a JSON object with a resourceType');
      if (resource['resourceType'] === 'Bundle') await this.#bundle(item, resource, literals);
      else await this.#single(item, { origin: item.origin, resource, literals });
    } catch (error) {
      this.#refuse(item.origin, error);
    }
    this.options.progress?.(this.#report);
  }

  async finish(): Promise<Report> {
    await this.#flush();
    this.#last = true;
    for (const item of this.#deferred.splice(0)) await this.take(item);
    await this.#flush();
    for (const [id, origin] of this.#binaries)
      if (!(await this.#resolver.isClaimed(id))) {
        await this.options.writer.discardBinary(this.options.tenant, id);
        this.#report.created--;
        this.#refuse(origin, new Error('No document refers to this Binary, so nobody could read it'));
      }
    if (this.#report.created + this.#report.updated >= BATCH) await this.options.writer.settle();
    return this.#report;
  }

  async #single(item: Item, candidate: Candidate): Promise<void> {
    const { resource } = candidate;
    if (!this.#isWritten(resource)) {
      this.#skip(resource);
      return;
    }
    if (isBinary(resource)) {
      this.#check(resource);
      return this.#binary(candidate);
    }
    const resolved = await this.#resolver.resolve(resource);
    if (!resolved && this.#defer(item)) return;
    this.#check(resource);
    // What comes later is written later: the statements of one turn have no order on PostgreSQL.
    if (this.#waiting.some((each) => isSame(each.resource, resource))) await this.#flush();
    this.#waiting.push({ ...candidate, resource: resolved ?? resource });
    if (this.#waiting.length >= BATCH) await this.#flush();
  }

  /** All of a Bundle in one transaction: what one entry lacks, the whole is refused for. */
  async #bundle(item: Item, bundle: Readonly<Record<string, unknown>>, literals: readonly Literal[]): Promise<void> {
    await this.#flush();
    const entries = readBundle(bundle, literals);
    const served = entries.filter(({ resource }) => this.#isWritten(resource));
    const beside = served.map(({ resource }) => resource);
    const resolved: BundleItem[] = [];
    for (const entry of served) {
      const resource = await this.#resolver.resolve(entry.resource, beside);
      if (!resource && this.#defer(item)) return;
      this.#check(entry.resource, entry.path);
      resolved.push({ ...entry, resource: resource ?? entry.resource });
    }
    // Bytes come before the documents that claim them.
    resolved.sort((a, b) => Number(isBinary(b.resource)) - Number(isBinary(a.resource)));
    const planned: Planned[] = [];
    for (const entry of resolved) planned.push(await this.#plan(entry, entry.path));
    await this.options.writer.commit(planned);
    planned.forEach((each, index) => {
      this.#count(each);
      const { resource, path } = resolved[index] as BundleItem;
      if (isBinary(resource)) this.#watch(resource, each, `${item.origin}: ${path}`);
    });
    for (const { resource } of entries) if (!this.#isWritten(resource)) this.#skip(resource);
  }

  async #binary({ origin, resource }: Candidate): Promise<void> {
    const planned = await this.#plan({ resource, literals: [] });
    await this.options.writer.commit([planned]);
    this.#count(planned);
    this.#watch(resource, planned, origin);
  }

  /** A Binary that came is taken back when nothing attaches it by the end. */
  #watch(resource: Resource, { outcome }: Planned, origin: string): void {
    if (outcome === 'created') this.#binaries.set(String(resource['id']), origin);
  }

  /** Writes what waits: each for itself, all in one turn. One that met its own like is planned once more. */
  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0);
    const planned = await Promise.all(batch.map((each) => this.#plan(each).catch((error: unknown) => error)));
    await Promise.all(
      planned.map(async (each, index) => {
        const candidate = batch[index] as Candidate;
        try {
          if (!isPlanned(each)) throw each;
          await this.options.writer.commit([each]);
          this.#count(each);
        } catch (error) {
          await this.#again(candidate, error);
        }
      }),
    );
  }

  async #again(candidate: Candidate, error: unknown): Promise<void> {
    if (!(error instanceof OutcomeError) || error.code !== 'version-conflict') {
      this.#refuse(candidate.origin, error);
      return;
    }
    try {
      const planned = await this.#plan(candidate);
      await this.options.writer.commit([planned]);
      this.#count(planned);
    } catch (second) {
      this.#refuse(candidate.origin, second);
    }
  }

  async #plan({ resource, literals }: Pick<Candidate, 'resource' | 'literals'>, at?: string): Promise<Planned> {
    const { writer, registry } = this.options;
    const author = typeof this.options.author === 'function' ? this.options.author(resource) : this.options.author;
    const id = resource['id'] as string | undefined;
    if (id === undefined)
      throw new OutcomeError(422, 'invalid-resource', 'It has no id, and no fullUrl of a Bundle to make one from', {
        ...(at !== undefined && { expression: [at] }),
      });
    if (isBinary(resource)) return writer.planBinary(resource, this.#narrowing, author);
    const declared = registry.get(resource['resourceType'] as string) as RegisteredResource;
    return writer.planSave(declared, { resource, literals }, this.#narrowing, author, id);
  }

  #isWritten(resource: Resource): boolean {
    return isBinary(resource) || this.options.registry.get(resource['resourceType'] as string)?.write !== undefined;
  }

  #skip(resource: Resource): void {
    const type = resource['resourceType'] as string;
    this.#report.skipped[type] = (this.#report.skipped[type] ?? 0) + 1;
  }

  #check(resource: unknown, at?: string): void {
    if (this.options.trusted) return;
    const issues = validate(resource, this.options.profiles);
    if (isValid(issues)) return;
    const errors = issues.filter((issue) => issue.severity === 'error');
    throw new OutcomeError(422, 'invalid-resource', 'It is not valid R4', {
      issues: at === undefined ? errors : below(errors, at),
    });
  }

  #defer(item: Item): boolean {
    if (this.#last) return false;
    this.#deferred.push(item);
    return true;
  }

  #count({ outcome }: Planned): void {
    if (outcome !== 'deleted') this.#report[outcome]++;
  }

  #refuse(origin: string, error: unknown): void {
    if (!(error instanceof OutcomeError)) {
      if (!(error instanceof Error)) throw error;
      this.#report.refused.push({ origin, reason: error.message });
      return;
    }
    for (const { text, expression } of error.issues.slice(0, 10))
      this.#report.refused.push({
        origin,
        reason: text,
        ...(expression?.[0] !== undefined && { expression: expression[0] }),
      });
  }
}

/** No JSON begins so. */
const isXml = (text: string): boolean => /^\ufeff?\s*</.test(text);

const asJson = async (xml: string): Promise<string> => (await import('../xml/from-xml.js')).fromXml(xml, MAX_ELEMENTS);

const isBinary = (resource: Resource): boolean => resource['resourceType'] === 'Binary';

const isSame = (one: Resource, other: Resource): boolean =>
  one['id'] === other['id'] && one['resourceType'] === other['resourceType'];

const isPlanned = (value: unknown): value is Planned => typeof value === 'object' && value !== null && 'plan' in value;

const below = (issues: readonly Issue[], at: string): Issue[] =>
  issues.map((issue) => ({ ...issue, expression: [`${at}: ${issue.expression?.[0] ?? ''}`] }));
