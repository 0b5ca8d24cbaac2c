import { createHmac, createPrivateKey, sign } from 'node:crypto';
import type { Scheme } from './webhook.js';

/**
 * What proves that it comes from here. Of `hmac`: `t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<t>.<body>`, so that what was
 * heard once cannot be sent again later; while a secret is rotated there is a v1 of each. Of `ed25519`: base64, over the
 * body alone, as Elation does it.
 */
export function signatures(
  scheme: Scheme,
  secrets: readonly string[],
  body: string,
  now: number,
): Record<string, string> {
  if (scheme === 'hmac') {
    const t = String(Math.floor(now / 1000));
    const all = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`);
    return { 'Portico-Signature': [`t=${t}`, ...all].join(',') };
  }
  const [current = '', previous] = secrets.map((secret) => {
    const key = createPrivateKey({ key: Buffer.from(secret, 'base64'), type: 'pkcs8', format: 'der' });
    return sign(null, Buffer.from(body), key).toString('base64');
  });
  return {
    'Portico-Signature': current,
    ...(previous !== undefined && { 'Portico-Signature-Previous': previous }),
  };
}
