import { narrow, tryNarrow, type Access } from '../../access/narrow.js';
import { operationOutcome } from '../../http/operation-outcome.js';
import type { FhirRequest } from '../../http/fhir-request.js';
import { invalidParameter, OutcomeError, type Issue } from '../../outcome.js';
import type { RegisteredResource } from '../../registry.js';
import type { Sent } from '../../store/draft.js';
import type { Entry } from '../../store/render.js';
import { isValid, typeOfProfile, validate } from '../../validate/structure.js';
import { withoutVersion } from '../../validate/vocabulary.js';
import type { Write } from '../change.js';
import { create } from '../create.js';
import { remove } from '../delete.js';
import { accessOf, checkId, notFound, resourceOf, type Facade } from '../facade.js';
import { offers } from '../offers.js';
import { update } from '../update.js';
import { valuesOf } from './input.js';
import type { Operation } from './operation.js';

/** https://hl7.org/fhir/R4/resource-operation-validate.html: what is wrong is the answer, and not an error. */
export const validateOperation: Operation = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  of: '[type]',
  levels: ['type', 'instance'],
  byGet: ['instance'],
  documentation:
    'mode create, update and delete say whether that would be done, and need its scope letter; without them any letter ' +
    'on the type will do. Without a resource it is what is stored that is validated, which needs the letter r. A profile ' +
    'must be one that this server knows',
  run: async (facade, request, { pairs, resource: sent }) => {
    const resource = resourceOf(facade, request.type);
    if (request.id !== '') checkId(request.id);
    const values = valuesOf(pairs, ['mode', 'profile']);
    const mode = modeOf(values('mode')[0]);
    const access = accessOf(request);
    authorise(access, resource, mode);
    const stored = sent || mode === 'delete' ? undefined : await storedOf(facade, request, access, resource, mode);
    const validated = sent?.resource ?? (stored && (JSON.parse(stored.text) as Sent['resource']));
    const issues = validated ? contentIssues(facade, resource, validated, values('profile')[0]) : [];
    if (isValid(issues) && mode !== undefined && mode !== 'profile')
      issues.push(...(await refusals(facade, request, resource, mode, sent)));
    const body = JSON.stringify(operationOutcome(told(issues, resource), facade.base));
    return { status: 200, body, shown: stored ? [stored] : [] };
  },
};

const letters = { create: 'c', update: 'u', delete: 'd' } as const;
const modes = ['create', 'update', 'delete', 'profile'] as const;
type Mode = (typeof modes)[number];

function modeOf(text: string | undefined): Mode | undefined {
  const mode = modes.find((each) => each === text);
  if (text === undefined || mode) return mode;
  throw invalidParameter(`mode takes ${modes.join(', ')}`);
}

/** What a write would answer is told to who may write; the rest tells nothing of what is stored. */
function authorise(access: Access, resource: RegisteredResource, mode: Mode | undefined): void {
  if (mode !== undefined && mode !== 'profile') narrow(access, resource, letters[mode]);
  else if (!tryNarrow(access, resource, ['c', 'r', 'u', 'd', 's'])) narrow(access, resource, 'r');
}

async function storedOf(
  { rows }: Facade,
  { id }: FhirRequest,
  access: Access,
  resource: RegisteredResource,
  mode: Mode | undefined,
): Promise<Entry> {
  if (id === '' || mode === 'create' || mode === 'update')
    throw invalidParameter('The operation needs a resource: as the body, or as the parameter resource');
  const stored = await rows.read(resource, id, narrow(access, resource, 'r'));
  if (!stored) throw notFound();
  return stored;
}

const DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/';

function contentIssues(
  { profiles }: Facade,
  { type }: RegisteredResource,
  validated: Sent['resource'],
  profile: string | undefined,
): Issue[] {
  if (validated['resourceType'] !== type)
    return [error('invalid', `The resourceType is not ${type}, which the URL names`, `${type}.resourceType`)];
  const isBase = [type, 'DomainResource', 'Resource'].some(
    (name) => withoutVersion(profile ?? '') === `${DEFINITIONS}${name}`,
  );
  const url = isBase ? undefined : profile;
  if (url === undefined) return validate(validated, profiles, [], 'everything');
  const known = typeOfProfile(profiles, url);
  if (known === type) return validate(validated, profiles, [url], 'everything');
  const text = known === undefined ? 'The profile is not known here' : `The profile is not one of ${type}`;
  return [error('not-supported', text, type)];
}

/** What a write would be refused for: it is planned as it would be, and not committed. */
async function refusals(
  facade: Facade,
  request: FhirRequest,
  resource: RegisteredResource,
  mode: 'create' | 'update' | 'delete',
  sent: Sent | undefined,
): Promise<Issue[]> {
  const { type } = resource;
  if (!facade.writer || !offers(resource, mode))
    return [error('not-supported', `No ${type} can be written here`, type)];
  if (mode === 'delete' && request.id === '')
    throw invalidParameter('The mode delete is for a resource that the URL names');
  const id = mode === 'create' ? '' : request.id === '' ? sent?.resource['id'] : request.id;
  if (typeof id !== 'string') return [error('required', 'An update needs an id', `${type}.id`)];
  const body = sent && { value: sent.resource, literals: sent.literals };
  try {
    const { planned } = await writeOf(facade, mode).plan({ ...request, id, params: [], body });
    // Bytes that are not there might still come with the write, and nothing comes with this: told apart from bytes
    // that are hidden, they would say which ids are taken.
    const unmet = planned.plan.statements.flatMap(({ refusal }) => refusal ?? []);
    return unmet.filter(({ status }) => refused.has(status)).flatMap(({ issues }) => issues);
  } catch (cause) {
    if (!(cause instanceof OutcomeError) || !refused.has(cause.status)) throw cause;
    return [...cause.issues];
  }
}

const refused: ReadonlySet<number> = new Set([400, 409, 412, 422]);

const writeOf = (facade: Facade, mode: 'create' | 'update' | 'delete'): Write =>
  mode === 'create' ? create(facade) : mode === 'update' ? update(facade) : remove(facade);

const error = (code: string, text: string, path: string): Issue => ({
  ...{ severity: 'error', code, text },
  expression: [path],
});

/** Each says where; a resource without a fault is told so. */
function told(issues: readonly Issue[], { type }: RegisteredResource): Issue[] {
  if (issues.length === 0)
    return [{ severity: 'information', code: 'informational', text: 'No fault was found', expression: [type] }];
  return issues.map((each) => ({ ...each, expression: each.expression ?? [type] }));
}
