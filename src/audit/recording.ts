import type { Database } from '../store/database.js';
import type { AuditEvent } from './event.js';
import type { Trail } from './trail.js';

/** The same database, whose changes are recorded in the transaction that makes them: one is not there without the other. */
export function recording(db: Database, trail: Pick<Trail, 'plan'>, event: AuditEvent): Database {
  const commit: Database['commit'] = async (plan) => {
    const { statements, committed } = await trail.plan(event);
    await db.commit({ ...plan, statements: [...plan.statements, ...statements] });
    committed();
  };
  return Object.create(db, { commit: { value: commit } }) as Database;
}
