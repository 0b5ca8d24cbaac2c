import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoPulsara } from '../demo-pulsara.js';
import { demoCases } from './demo-cases.js';
import { Upstream } from './server.js';

/** From the start to the first case, and from one to the next. */
const BEGIN_MILLISECONDS = 3000;
const BETWEEN_MILLISECONDS = 8000;

/** Starts the demo's Pulsara, and lets cases arrive one after the other. `say` tells whoever watches. */
export async function playCases(
  { webhookUrl, webhookSecret, upstreamUrl, upstreamToken }: DemoPulsara,
  say: (line: string) => void,
  pace = 1,
): Promise<{ stop(): Promise<void> }> {
  const upstream = await Upstream.start({ port: Number(new URL(upstreamUrl).port), token: upstreamToken });
  upstream.tell({ url: webhookUrl, key: { secret: webhookSecret } });
  const ended = new AbortController();
  const wait = (milliseconds: number): Promise<void> => sleep(milliseconds * pace, undefined, { signal: ended.signal });
  const play = async (): Promise<void> => {
    const cases = demoCases(Date.now());
    await wait(BEGIN_MILLISECONDS);
    for (const { says, channel, identifier } of cases) {
      upstream.put(channel);
      const status = await upstream.identify(channel.id, identifier);
      say(`${says} (${channel.id}; the webhook was answered with ${String(status)})`);
      await wait(BETWEEN_MILLISECONDS);
    }
    for (const { channel, identifier, later } of cases)
      if (later) {
        upstream.put({ ...upstream.read(channel.id), ...later });
        await upstream.notify(upstream.event('updated', channel.id, identifier));
        say(`The case ${channel.id} is closed: its last summary replaces the first.`);
      }
  };
  const playing = play().catch((error: unknown) => {
    if (!ended.signal.aborted) say(`The demo's Pulsara has stopped: ${String(error)}`);
  });
  return {
    stop: async () => {
      ended.abort();
      await playing;
      await upstream.stop();
    },
  };
}
