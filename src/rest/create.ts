import { randomUUID } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { invalidParameter } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Entry } from '../store/render.js';
import { NOTHING } from '../store/write.js';
import { writes, type Change, type Target, type Write } from './change.js';
import { criteriaOf, find, type Condition } from './condition.js';
import { accessOf, resourceOf, type Facade } from './facade.js';
import { refuseForeign } from './referred.js';
import { planSaving } from './saving.js';
import { checkValid, resourceIn } from './sent.js';

/** https://hl7.org/fhir/R4/http.html#create: the id is the server's to choose. */
export const create = (facade: Facade): Write => writes(facade, planCreate);

async function planCreate(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
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
  const condition = target ? target.condition : await existing(facade, request);
  if (condition?.match) return there(resource, condition.match);
  const id = target?.id ?? randomUUID();
  const planned = await planSaving(facade, access, resource, sent, narrowing, id, NOTHING);
  await refuseForeign(facade, access, sent, undefined, target?.beside);
  return { type: resource.type, resource, id, status: 201, planned, before: [], turn: condition?.turn };
}

/** What If-None-Exist finds; undefined without it. */
export async function existing(facade: Facade, request: FhirRequest): Promise<Condition | undefined> {
  const { ifNoneExist } = request.headers;
  if (ifNoneExist === undefined) return undefined;
  return find(facade, request, resourceOf(facade, request.type), criteriaOf(ifNoneExist));
}

/** https://hl7.org/fhir/R4/http.html#ccreate: what is there already is not created again. */
const there = (resource: RegisteredResource, entry: Entry): Change => ({
  ...{ type: resource.type, resource, id: entry.id, status: 200, before: entry.patients, located: true },
  planned: { outcome: 'unchanged', entry, plan: { statements: [] } },
});
