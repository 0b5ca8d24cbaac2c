import { goldens } from './golden.js';
import { eavesdrop, type Eavesdropper } from './judge.js';
import { start, type Server } from './server.js';

/** A server with the golden resources, every answer of which is judged on its way to a foreign client. */
export interface Judged {
  readonly server: Server;
  readonly ear: Eavesdropper;
  readonly credential: { readonly id: string; readonly secret: string };
  /** Observations of the golden patient, as our own client counts them. */
  readonly observations: readonly string[];
  stop(): Promise<void>;
}

export const PATIENT = 'patient-full';
export const OBSERVATIONS = `Observation?patient=${PATIENT}`;

export async function startJudged(): Promise<Judged> {
  const ear = await eavesdrop();
  const server = await start({ env: { PORTICO_BASE_URL: ear.url } });
  ear.forwardTo(server.portico.config.port);
  const resources = goldens.map((golden) => JSON.parse(golden.text(server.base)) as { id: string; gender?: string });
  await server.save(resources);
  // A second version, so that there is a first one to ask for.
  await server.save([{ ...resources.find(({ id }) => id === PATIENT), gender: 'other' }]);
  const credential = await server.credential({ scopeCeiling: 'system/*.rs' });
  const observations = await (await server.client()).ids(`${OBSERVATIONS}&_count=100&_sort=date`);
  ear.heard();
  return {
    ...{ server, ear, credential, observations },
    stop: async () => {
      ear.stop();
      await server.stop();
    },
  };
}
