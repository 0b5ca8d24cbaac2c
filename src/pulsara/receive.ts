import { randomBytes } from 'node:crypto';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { readEvent } from './event.js';
import { store } from './inbox.js';
import { signer } from './integration.js';
import { isSigned, type SigningKey } from './signature.js';

export interface ReceiveOptions {
  readonly own: Database;
  readonly secret: string;
  readonly now: () => number;
}

export interface Delivery {
  /** From the URL. */
  readonly integration: string;
  readonly signature: string | undefined;
  readonly body: Buffer;
}

/** For those that are unknown, so that they take as long to refuse. */
const nobody: SigningKey = { signature: 'hmac-sha256', secret: randomBytes(32).toString('base64url') };

/**
 * Takes a webhook: it is in the inbox when this answers, and whatever is to be done about it is done later. Errors: 401,
 * the same for a wrong signature, a missing one and an integration that does not exist; 400 for a body that was signed
 * and cannot be read. Nothing is stored then.
 */
export async function receive({ own, secret, now }: ReceiveOptions, delivery: Delivery): Promise<void> {
  const { integration: id, signature, body } = delivery;
  const [integration, key] = (/^[0-9a-f]{16}$/.test(id) ? await signer(own, secret, id) : undefined) ?? [];
  const isRight = isSigned(key ?? nobody, signature, body, now());
  if (!integration || !isRight) throw new OutcomeError(401, 'login', 'The signature is not right');
  await store(own, integration, readEvent(body), now());
}
