import type { Interaction, Route, Shown } from '../http/fhir-request.js';
import { responseSet } from './bundle.js';
import { alone, Room, type AnsweredEntry } from './bundle-answers.js';
import { bundleIn, type BundleRequest } from './bundle-entries.js';
import { accessOf, type Facade } from './facade.js';
import { transact } from './transaction.js';

/** Entries of a batch that are under way together: they share the price of a sync. */
const TOGETHER = 10;

/** https://hl7.org/fhir/R4/http.html#transaction: many requests in one, each for itself, or all or none. */
export const bundle =
  (facade: Facade, routes: readonly Route[]): Interaction =>
  async (request) => {
    accessOf(request);
    const sent = bundleIn(facade, routes, request);
    const { type } = sent;
    const answered = type === 'batch' ? await batch(facade, sent) : await transact(facade, sent);
    const shown: Shown[] = answered.flatMap((each) => each.shown);
    const body = responseSet(
      `${type}-response`,
      answered.map(({ entry }) => entry),
    );
    return { status: 200, body, interaction: type, shown };
  };

async function batch(facade: Facade, { entries }: BundleRequest): Promise<AnsweredEntry[]> {
  const answered: AnsweredEntry[] = [];
  const room = new Room(facade);
  for (let start = 0; start < entries.length;) {
    // What may be long comes alone, so that its answer is counted before the next is read.
    const together = entries.slice(start, start + TOGETHER);
    const long = together.findIndex(({ isLong }) => isLong);
    const next = long < 0 ? together : together.slice(0, Math.max(long, 1));
    const answers = await Promise.all(next.map(({ read }) => alone(facade, read, room)));
    // In the order of the entries, whichever was done first.
    for (const each of answers) answered.push(each.isDone ? room.fit(each) : each);
    start += next.length;
  }
  return answered;
}
