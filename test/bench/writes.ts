import { observations } from './templates.js';
import { copyOf } from './data.js';
import type { Measurement } from './measurements.js';
import { compare, median, sample, warmUp, type Target } from './rounds.js';

const ENTRIES = 100;

const sent = observations.map((each) => {
  const { id: _id, ...resource } = each as { id: string };
  return { ...resource, subject: { reference: 'Patient/p1' } };
});

/** Observations that come one by one, each validated and on disk when it is answered. */
export const writes: Measurement = {
  bars: [{ name: 'POST Observation over GET of bare Koa: req/s', bar: '>= 0.1', stretch: '>= 0.25' }],
  measure: async ({ servers, loads, effort, small, note }) => {
    const [bare, server] = [await servers.bare(), await servers.portico(copyOf(await small(), 'posts'))];
    const requests = sent.map((each) => server.request('Observation', each));
    const found = await compare(
      loads[0],
      { server, requests },
      { server: bare, requests: [bare.request('/')] },
      effort,
    );
    const { rate, cpu } = found.subject;
    note(
      `POST Observation: ${rate.toFixed(0)}/s, ${cpu.toFixed(0)} us of CPU; bare Koa: ${found.other.rate.toFixed(0)}/s`,
    );
    return [found.rate];
  },
};

/** The same for a client that waits for each answer: a transaction of many beside as many requests. */
export const transactions: Measurement = {
  bars: [{ name: `transaction of ${String(ENTRIES)} over as many POSTs, one after the other: speed`, bar: '>= 20' }],
  measure: async ({ servers, loads, effort, small, note }) => {
    const server = await servers.portico(copyOf(await small(), 'transactions'));
    const entry = Array.from({ length: ENTRIES }, (_, index) => ({
      resource: sent[index % sent.length],
      request: { method: 'POST', url: 'Observation' },
    }));
    const one: Target = { server, requests: sent.map((each) => server.request('Observation', each)) };
    const all: Target = {
      server,
      requests: [server.request('', { resourceType: 'Bundle', type: 'transaction', entry })],
    };
    for (const target of [one, all]) await warmUp(loads[0], target, effort, 1);
    const ratios: number[] = [];
    for (let round = 1; round <= effort.rounds; round++) {
      const [single, whole] = [
        await sample(loads[0], one, effort.milliseconds, 1),
        await sample(loads[0], all, effort.milliseconds, 1),
      ];
      ratios.push((ENTRIES * single.p50) / whole.p50);
      if (round === effort.rounds) note(`POST: ${single.p50.toFixed(2)} ms; transaction: ${whole.p50.toFixed(1)} ms`);
    }
    return [median(ratios)];
  },
};
