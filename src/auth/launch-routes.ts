import type { Context, Middleware } from 'koa';
import { narrow, type Access } from '../access/narrow.js';
import { askedBy, refusedBy, type Asked } from '../audit/event.js';
import { credentialsOf } from '../http/credentials.js';
import { readJson, type JsonBody } from '../http/json-body.js';
import { limit } from '../http/limit.js';
import { checkOrganization } from '../http/organization.js';
import { handledOf } from '../http/request-log.js';
import type { Traffic } from '../limits/traffic.js';
import { OutcomeError } from '../outcome.js';
import type { Registry } from '../registry.js';
import type { Rows } from '../store/rows.js';
import type { Bearer } from './bearer.js';
import type { AuthOptions } from './issue.js';
import { createLaunch, type FhirContextItem, type LaunchContext } from './launch.js';
import { LAUNCH_PATH } from './paths.js';
import { liveCredential, type Credential } from './store.js';

export interface LaunchRouteOptions extends AuthOptions {
  readonly bearer: Bearer;
  readonly registry: Registry;
  readonly rows: Rows;
  readonly traffic: Traffic;
}

const BODY_BYTES = 16_384;
const LAUNCH_SECONDS = 300;

/**
 * An EHR opens an app for the user who is logged in to it (https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html):
 * it says what it has open, and gets the page to show. It sees no more by that than the user does.
 */
export function launchRoute(options: LaunchRouteOptions): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== LAUNCH_PATH) return next() as Promise<void>;
    const handled = handledOf(ctx);
    handled.interaction = 'launch';
    ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    if (ctx.method !== 'POST')
      throw new OutcomeError(405, 'method-not-allowed', 'This route takes POST', { headers: { Allow: 'POST' } });
    let patients: string[] = [];
    const record = (who: Asked, status: number): void | Promise<void> =>
      options.audit(
        {
          ...{ ...who, at: options.now(), interaction: 'launch', action: 'E', status, patients },
          requestId: handled.requestId,
        },
        ctx.ip,
      );
    try {
      const access = (handled.access = await options.bearer.authenticate(credentialsOf(ctx)));
      await limit(ctx, options.traffic, access);
      const { body, context } = await answer(ctx, access, options);
      if (context.patient !== undefined) patients = [context.patient];
      ctx.status = 201;
      ctx.body = body;
    } catch (error) {
      const who = handled.access ? askedBy(handled.access) : refusedBy(error);
      await record(who, error instanceof OutcomeError ? error.status : 500);
      throw error;
    }
    await record(askedBy(handled.access), 201);
  };
}

async function answer(ctx: Context, access: Access, options: LaunchRouteOptions) {
  checkOrganization(ctx.req.headers['x-organization-id'], access.tenant);
  const { kind, tenant, user } = access;
  if (kind !== 'session' || user === undefined)
    throw new OutcomeError(403, 'insufficient-scope', 'An app is launched in the session of a user');
  const body = await readJson(ctx.req, BODY_BYTES);
  const client = await appOf(body.required('clientId', 64), tenant, options);
  const context = await contextOf(body, access, options);
  const launch = await createLaunch(options.own, { tenant, client: client.id, user, context }, options.now());
  const url = new URL(client.launchUrl as string);
  url.searchParams.set('iss', options.audience);
  url.searchParams.set('launch', launch);
  return { body: { launch, launch_url: url.href, expires_in: LAUNCH_SECONDS }, context };
}

async function appOf(id: string, tenant: string, { own, now }: AuthOptions): Promise<Credential> {
  const client = await liveCredential(own, id, now());
  if (client?.kind === 'app' && client.tenant === tenant && client.launchUrl !== undefined) return client;
  throw new OutcomeError(404, 'unknown-id', 'There is no such app that can be launched');
}

/** Errors: 400; 404 for what the user may not see, as for what is not there. */
async function contextOf(body: JsonBody, access: Access, options: LaunchRouteOptions): Promise<LaunchContext> {
  const [named, encounter, intent] = [
    body.optional('patient', 64),
    body.optional('encounter', 64),
    body.optional('intent', 200),
  ];
  const ofEncounter = encounter === undefined ? undefined : await patientsOf('Encounter', encounter, access, options);
  const patient = named ?? (ofEncounter?.length === 1 ? ofEncounter[0] : undefined);
  if (patient !== undefined) await patientsOf('Patient', patient, access, options);
  if (ofEncounter && (patient === undefined || !ofEncounter.includes(patient))) throw notFound();
  const [fhirContext, banner] = [fhirContextOf(body.member('fhirContext')), body.member('needPatientBanner')];
  if (banner !== undefined && typeof banner !== 'boolean')
    throw new OutcomeError(400, 'VALIDATION', 'needPatientBanner must be true or false');
  return {
    ...(patient !== undefined && { patient }),
    ...(encounter !== undefined && { encounter }),
    ...(intent !== undefined && { intent }),
    ...(fhirContext && { fhirContext }),
    ...(banner !== undefined && { needPatientBanner: banner }),
  };
}

/** Whose a resource is, for a user who may read it. */
async function patientsOf(type: string, id: string, access: Access, { registry, rows }: LaunchRouteOptions) {
  const resource = registry.get(type);
  const isId = /^[A-Za-z0-9\-.]{1,64}$/.test(id);
  const entry = resource && isId ? await rows.read(resource, id, narrow(access, resource, 'r')) : undefined;
  if (!entry) throw notFound();
  return entry.patients;
}

const notFound = (): OutcomeError =>
  new OutcomeError(404, 'unknown-id', 'There is no such patient or encounter, or the user may not see it');

/** Up to ten things of the record, as `Type/id`, each with its role. */
function fhirContextOf(value: unknown): readonly FhirContextItem[] | undefined {
  if (value === undefined) return undefined;
  const invalid = new OutcomeError(400, 'VALIDATION', 'fhirContext is a list of up to ten { reference, role?, type? }');
  if (!Array.isArray(value) || value.length === 0 || value.length > 10) throw invalid;
  return (value as unknown[]).map((each) => {
    if (typeof each !== 'object' || each === null) throw invalid;
    const { reference, role, type, ...others } = each as Record<string, unknown>;
    const isReference = typeof reference === 'string' && /^[A-Z][A-Za-z]{1,63}\/[A-Za-z0-9\-.]{1,64}$/.test(reference);
    if (!isReference || ![role, type].every(isShortText) || Object.keys(others).length > 0) throw invalid;
    return {
      reference,
      ...(role !== undefined && { role: role as string }),
      ...(type !== undefined && { type: type as string }),
    };
  });
}

const isShortText = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.length >= 1 && value.length <= 200);
