import { ACT_AS_USER, type Spelling } from '../access/grammar.js';
import type { Access } from '../access/narrow.js';
import { askedBy, RefusedToken } from '../audit/event.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

const clinician = statement<{ id: string; tenant: string }>((knex, $) =>
  knex('user_account')
    .where({ id: $('id'), org: $('tenant') })
    .whereNull('disabled_at')
    .select('roles', 'fhir_user'),
);

/**
 * `X-On-Behalf-Of: [user id]` (ELATION): a service names the clinician for whom it acts. It opens nothing more; what it
 * writes and reads is recorded under both.
 */
export async function onBehalfOf(
  db: Database,
  access: Access,
  scopes: readonly Spelling[],
  user: string,
): Promise<Access> {
  if (!scopes.some(({ text }) => text === ACT_AS_USER)) throw refused(access, 'Token does not have act_as_user scope');
  const row = await clinician.first(db, { id: user.slice(0, 64), tenant: access.tenant });
  const isClinician = row !== undefined && (row['roles'] as string).split(' ').includes('clinician');
  if (!isClinician) throw refused(access, 'On-behalf-of user not found or not authorized');
  const person = row['fhir_user'] as string | null;
  return { ...access, onBehalfOf: person?.startsWith('Practitioner/') ? person : user };
}

const refused = (access: Access, text: string): RefusedToken =>
  new RefusedToken(askedBy(access), 'login', text, 'Bearer realm="portico"');
