import { compare } from './rounds.js';
import { COLD } from './servers.js';
import type { Data } from './data.js';
import type { Measurement } from './measurements.js';

const search = (patient: string): string => `Observation?patient=${patient}&_sort=-date&_count=20`;
const PULSE = 'http://loinc.org%7C8867-4';

const searches = [
  {
    name: 'chained search',
    path: (patient: string) => `${search(patient)}&patient.gender=female`,
    plain: search,
  },
  {
    name: '_has',
    path: (patient: string) => `Patient?_has:Observation:patient:code=${PULSE}&_id=${patient}`,
    plain: (patient: string) => `Patient?_id=${patient}`,
  },
];

/** Searches through another type beside the same ones without: none of what they find is in the cache. */
export const chains: Measurement = {
  bars: searches.map(({ name }) => ({ name: `${name} over the plain search: time`, bar: '<= 5' as const })),
  measure: async ({ servers, loads, effort, data }) => {
    const server = await servers.portico(data, COLD);
    const target = ({ patients }: Data, path: (patient: string) => string) => ({
      server,
      requests: patients.map((id) => server.request(path(id))),
    });
    const ratios: number[] = [];
    for (const { path, plain } of searches)
      ratios.push(1 / (await compare(loads[0], target(data, path), target(data, plain), effort)).rate);
    return ratios;
  },
};
