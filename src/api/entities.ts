import type { Encounter } from '@medplum/fhirtypes';
import { ofEntity } from '../access/narrow.js';
import { entitiesOf } from '../channel/channel.js';
import type { Narrowing } from '../define/request.js';
import { served, type Ask } from './ask.js';
import { patientOf } from './case.js';
import { partnersOf } from './organizations.js';
import { writable } from './write.js';

/** A channel as one of its other entities has it. */
export interface Share {
  readonly entity: string;
  readonly encounter: Encounter;
  readonly patient: string | undefined;
  /** For what is added to it, and for nothing that is answered. */
  readonly narrowing: Narrowing;
}

/**
 * The rows of a channel that other entities have. Both sides must agree: the operator shares the channels of the one
 * organization with the other, and each one's own row names the other as an entity.
 */
export async function sharesOf(ask: Ask, encounter: Encounter): Promise<Share[]> {
  const { access, facade, id } = ask;
  const named = entitiesOf(encounter).map(({ entity_id: entity }) => entity);
  if (named.every((entity) => entity === access.tenant)) return [];
  const partners = await partnersOf(writable(ask).own, access.tenant);
  const shares: Share[] = [];
  for (const entity of new Set(named)) {
    if (!partners.has(entity)) continue;
    const narrowing = ofEntity(entity);
    const found = await facade.rows.read(served(ask, 'Encounter'), id, narrowing);
    const theirs = found && (JSON.parse(found.text) as Encounter);
    if (theirs && entitiesOf(theirs).some((each) => each.entity_id === access.tenant))
      shares.push({ entity, encounter: theirs, patient: patientOf(theirs), narrowing });
  }
  return shares;
}
