import { randomUUID } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import type { FhirRequest, Interaction } from '../http/fhir-request.js';
import { invalidParameter } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Entry } from '../store/render.js';
import { NOTHING } from '../store/write.js';
import { authorOf, perform, type Change } from './change.js';
import { criteriaOf, find } from './condition.js';
import { accessOf, resourceOf, writerOf, type Facade } from './facade.js';
import { refuseForeign } from './referred.js';
import { checkValid, resourceIn } from './sent.js';

/** https://hl7.org/fhir/R4/http.html#create: the id is the server's to choose. */
export const create =
  (facade: Facade): Interaction =>
  (request) =>
    perform(facade, request, () => planCreate(facade, request));

async function planCreate(facade: Facade, request: FhirRequest): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  const access = accessOf(request);
  const narrowing = narrow(access, resource, 'c');
  if (request.params.length > 0) throw invalidParameter('A create takes the parameters _format and _pretty');
  const {
    resource: { id: _id, ...members },
    literals,
  } = resourceIn(request);
  const sent = { resource: members, literals };
  checkValid(sent, resource, facade.profiles);
  const { ifNoneExist } = request.headers;
  const condition =
    ifNoneExist === undefined ? undefined : await find(facade, request, resource, criteriaOf(ifNoneExist));
  if (condition?.match) return there(resource, condition.match);
  const id = randomUUID();
  const planned = await writerOf(facade).planSave(resource, sent, narrowing, authorOf(access), id, NOTHING);
  await refuseForeign(facade, access, sent, undefined);
  return { resource, id, status: 201, planned, before: [], turn: condition?.turn };
}

/** https://hl7.org/fhir/R4/http.html#ccreate: what is there already is not created again. */
const there = (resource: RegisteredResource, entry: Entry): Change => ({
  ...{ resource, id: entry.id, status: 200, before: entry.patients, located: true },
  planned: { outcome: 'unchanged', entry, plan: { statements: [] } },
});
