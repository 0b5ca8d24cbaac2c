import type { Encounter, Patient } from '@medplum/fhirtypes';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { narrow, tryNarrow, type Access } from '../access/narrow.js';
import { askedBy, refusedBy, type Asked, type Audit, type AuditEvent } from '../audit/event.js';
import { apiCredentialsOf, type ApiCredentials } from '../http/credentials.js';
import { checkOrganization } from '../http/organization.js';
import { handledOf } from '../http/request-log.js';
import type { Traffic } from '../limits/traffic.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Entry } from '../store/render.js';
import type { Rows } from '../store/rows.js';
import { channelOf } from './channel.js';

export interface ApiOptions {
  readonly facade: { readonly registry: Registry; readonly rows: Rows; readonly now: () => number };
  readonly authenticate: (credentials: ApiCredentials) => Promise<Access>;
  readonly traffic: Traffic;
  readonly audit: Audit;
}

/** What an answer shows, for the audit trail. */
interface Answer {
  readonly body: object;
  readonly shown: readonly Entry[];
}

/** The native API of the systems in front of which Portico stands. */
export function apiRoutes(options: ApiOptions): Middleware {
  const router = new Router({ prefix: '/api/v1' });
  router.all('/patient-channels/:id', (ctx) =>
    serve(ctx, options, { interaction: 'patient-channel', type: 'Encounter', id: ctx.params['id'] ?? '' }, channel),
  );
  return router.routes() as unknown as Middleware;
}

/** What is asked for, in words that hold nothing of a patient but an id. */
interface Target {
  readonly interaction: string;
  readonly type: string;
  readonly id: string;
}

type Handle = (asked: Target, access: Access, options: ApiOptions) => Promise<Answer>;

async function serve(ctx: Context, options: ApiOptions, asked: Target, handle: Handle): Promise<void> {
  const handled = handledOf(ctx);
  handled.interaction = asked.interaction;
  handled.type = asked.type;
  ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD')
    throw new OutcomeError(405, 'method-not-allowed', 'This route takes GET', { headers: { Allow: 'GET, HEAD' } });
  const record = (who: Asked, status: number, shown: readonly Entry[] = []): void | Promise<void> =>
    options.audit(eventOf(asked, who, { status, shown, at: options.facade.now() }, handled.requestId), ctx.ip);
  try {
    const access = (handled.access = await options.authenticate(apiCredentialsOf(ctx)));
    await limit(ctx, options.traffic, access);
    checkOrganization(ctx.req.headers['x-organization-id'], access.tenant);
    const { body, shown } = await handle(asked, access, options);
    await record(askedBy(access), 200, shown);
    ctx.status = 200;
    ctx.body = body;
  } catch (error) {
    const who = handled.access ? askedBy(handled.access) : refusedBy(error);
    await record(who, error instanceof OutcomeError ? error.status : 500);
    throw error;
  }
}

async function limit(ctx: Context, traffic: Traffic, access: Access): Promise<void> {
  const { headers, refused } = await traffic.count(access);
  for (let index = 0; index < headers.length; index += 2)
    ctx.set(headers[index] as string, headers[index + 1] as string);
  if (refused) throw refused;
}

function eventOf(
  { interaction, type, id }: Target,
  who: Asked,
  { status, shown, at }: { status: number; shown: readonly Entry[]; at: number },
  requestId: string,
): AuditEvent {
  const patients = [...new Set(shown.flatMap((entry) => entry.patients))];
  return {
    ...who,
    ...{ at, interaction, action: 'R' as const, status, requestId, type, patients },
    ...(who.tenant !== '' && isId(id) && { entity: `${type}/${id}` }),
  };
}

const isId = (id: string): boolean => /^[A-Za-z0-9\-.]{1,64}$/.test(id);

/** The encounter that is the channel, and its patient where the token opens that. */
async function channel({ id }: Target, access: Access, { facade }: ApiOptions): Promise<Answer> {
  const { registry, rows } = facade;
  const encounters = served(registry, 'Encounter');
  const narrowing = narrow(access, encounters, 'r');
  const found = isId(id) ? await rows.read(encounters, id, narrowing) : undefined;
  if (!found) throw new OutcomeError(404, 'unknown-id', 'There is no such channel, or the token does not open it');
  const encounter = JSON.parse(found.text) as Encounter;
  const patients = served(registry, 'Patient');
  const toPatients = tryNarrow(access, patients, ['r']);
  const patientId = /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(encounter.subject?.reference ?? '')?.[1];
  const person = patientId !== undefined && toPatients ? await rows.read(patients, patientId, toPatients) : undefined;
  const patient = person && (JSON.parse(person.text) as Patient);
  return { body: channelOf(encounter, patient), shown: person ? [found, person] : [found] };
}

function served(registry: Registry, type: string): RegisteredResource {
  const resource = registry.get(type);
  if (!resource) throw new OutcomeError(404, 'unknown-type', 'Channels are not served here');
  return resource;
}
