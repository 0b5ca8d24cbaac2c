import { OutcomeError } from '../outcome.js';
import { committed } from '../store/database.js';
import { readCase, type InboundCase } from './case.js';
import { fileCase } from './file-case.js';
import type { FilingOptions } from './filing.js';
import { settleHeld } from './inbox.js';
import { readIntegration } from './integration.js';

export interface Deciding {
  readonly tenant: string;
  readonly integration: string;
  readonly channel: string;
  /** What was asked when it was decided. */
  readonly question: string;
  /** Whose it is; undefined where it is to be filed nowhere. */
  readonly patient: string | undefined;
  /** The user who decides. */
  readonly by: string;
}

/** A case of an organization that waits for a decision. Errors: 404. */
export async function heldCase(
  { own }: Pick<FilingOptions, 'own'>,
  { tenant, integration, channel }: Pick<Deciding, 'tenant' | 'integration' | 'channel'>,
): Promise<InboundCase & { readonly held: NonNullable<InboundCase['held']> }> {
  const found = await readCase(own, integration, channel);
  if (found?.tenant !== tenant || !found.held)
    throw new OutcomeError(404, 'unknown-id', 'There is no such case, or it was decided already');
  return { ...found, held: found.held };
}

/**
 * Files a case that was held, or rejects it. False where the case, or whoever it may belong to, has changed since it
 * was looked at: then somebody has to look again. Errors: 400, 404.
 */
export async function decide(options: FilingOptions, deciding: Deciding): Promise<boolean> {
  const { own, trail, now } = options;
  const { tenant, integration: id, channel, question, patient, by } = deciding;
  const { held } = await heldCase(options, deciding);
  const integration = await readIntegration(own, tenant, id);
  if (!integration) throw new OutcomeError(404, 'unknown-id', 'There is no such integration');
  if (held.question !== question) return false;
  if (patient !== undefined && !held.candidates.includes(patient))
    throw new OutcomeError(400, 'invalid-parameter', 'The case may not be filed under that patient');
  const arrived = { channel: Buffer.from(held.channel), pdf: held.pdf };
  const {
    outcome,
    statements,
    committed: tell,
  } = await fileCase(options, integration, arrived, {
    ...{ question, patient, by, at: now() },
  });
  if (outcome === 'held') {
    if (await committed(own, statements)) tell();
    return false;
  }
  const event = await trail.plan({
    ...{ at: now(), tenant, interaction: patient === undefined ? 'held-case-reject' : 'held-case-accept' },
    ...{ action: 'U', status: 200, credentialKind: 'session', user: by },
    patients: patient === undefined ? held.candidates : [patient],
  });
  const settled = await settleHeld(own, { integration: id, channel }, outcome);
  if (!(await committed(own, [...statements, settled, ...event.statements]))) return false;
  tell();
  event.committed();
  return true;
}
