import type { Database } from './database.js';
import { statement } from './database.js';

const used = statement<Record<never, never>>((knex) => knex('overflow_use').select('organization_id', 'type', 'param'));

/**
 * For which parameters of which tenant the overflow index has any value. Only ever switched on. On SQLite it is read
 * again when another process wrote; on PostgreSQL before every search.
 */
export class OverflowUse {
  #used = new Set<string>();
  #seen: number | undefined;
  #loaded = false;

  /** Without a database, there is no overflow index: the source keeps nothing beside its columns. */
  constructor(private readonly db: Database | undefined) {}

  async refresh(): Promise<void> {
    if (!this.db) return;
    const seen = this.db.foreignChanges();
    if (this.#loaded && seen !== undefined && seen === this.#seen) return;
    for (const row of await used.all(this.db, {}))
      this.#used.add(key(row['organization_id'] as string, row['type'] as string, row['param'] as string));
    this.#seen = seen;
    this.#loaded = true;
  }

  has(tenant: string, type: string, param: string): boolean {
    return this.#used.has(key(tenant, type, param));
  }

  /** A write is about to add such a value. */
  note(tenant: string, type: string, param: string): void {
    this.#used.add(key(tenant, type, param));
  }
}

const key = (tenant: string, type: string, param: string): string => `${tenant} ${type} ${param}`;
