import { createHmac, sign, type KeyObject } from 'node:crypto';

/** Who is told, and how it is signed: as the receiver has chosen. */
export interface Receiver {
  readonly url: string;
  readonly key: { readonly secret: string; readonly timestamped?: boolean } | { readonly privateKey: KeyObject };
}

export interface Sending {
  /** How far the sender's clock is wrong. */
  readonly skewSeconds?: number;
}

/** The body of a webhook: that something happened to an identifier, and never its value. */
export const bodyOf = (
  id: string,
  event: 'created' | 'updated',
  channel: string,
  identifier: { readonly id: string; readonly name: string; readonly category: string },
  at: string,
): string =>
  JSON.stringify({
    id,
    event: `patient_channel.identifier.${event}`,
    created_at: at,
    data: {
      patient_channel: { id: channel },
      identifier: { id: identifier.id, name: identifier.name, category: identifier.category },
    },
  });

export function signatureOf(key: Receiver['key'], body: string, seconds: number): string {
  if ('privateKey' in key) return sign(null, Buffer.from(body), key.privateKey).toString('base64');
  const hmac = (text: string): string => createHmac('sha256', key.secret).update(text).digest('hex');
  return key.timestamped ? `t=${String(seconds)},v1=${hmac(`${String(seconds)}.${body}`)}` : hmac(body);
}

/** Sends one webhook and answers with the status of the receiver. */
export async function send({ url, key }: Receiver, body: string, { skewSeconds = 0 }: Sending = {}): Promise<number> {
  const seconds = Math.floor(Date.now() / 1000) + skewSeconds;
  const headers = { 'Content-Type': 'application/json', 'Pulsara-Signature': signatureOf(key, body, seconds) };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}
