import { ACT_AS_USER, type Spelling } from '../access/grammar.js';
import type { Access } from '../access/narrow.js';
import { OutcomeError } from '../outcome.js';
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
  if (!scopes.some(({ text }) => text === ACT_AS_USER)) throw refused('Token does not have act_as_user scope');
  const row = await clinician.first(db, { id: user.slice(0, 64), tenant: access.tenant });
  const isClinician = row !== undefined && (row['roles'] as string).split(' ').includes('clinician');
  if (!isClinician) throw refused('On-behalf-of user not found or not authorized');
  const practitioner = row['fhir_user'] as string | null;
  return { ...access, onBehalfOf: practitioner ?? user };
}

const refused = (text: string): OutcomeError =>
  new OutcomeError(401, 'login', text, { headers: { 'WWW-Authenticate': 'Bearer realm="portico"' } });
