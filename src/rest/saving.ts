import { authorOf } from '../access/author.js';
import type { Access } from '../access/narrow.js';
import type { Narrowing } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import type { Sent } from '../store/draft.js';
import type { Current, Planned } from '../store/write.js';
import { writerOf, type Facade } from './facade.js';

/**
 * Plans the write of a resource for a client. A type that says more than its rows do, as a Subscription does, has a rule
 * that checks what was sent and adds to the plan, whichever interaction it came by.
 */
export async function planSaving(
  facade: Facade,
  access: Access,
  resource: RegisteredResource,
  sent: Sent,
  narrowing: Narrowing,
  id: string,
  current: Current,
): Promise<Planned> {
  const rule = facade.rules.get(resource.type);
  const accepted = rule ? await rule(access, sent, id, current.entry) : { sent, statements: [] };
  const planned = await writerOf(facade).planSave(resource, accepted.sent, narrowing, authorOf(access), id, current);
  if (accepted.statements.length === 0) return planned;
  return { ...planned, plan: { statements: [...planned.plan.statements, ...accepted.statements] } };
}
