import { OpenApiGeneratorV31, OpenAPIRegistry, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import * as schemas from '../channel/schemas.js';
import { version } from '../version.js';
import { PREFIX, routes, type Line } from './table.js';

type Responses = RouteConfig['responses'];

/** What the table does not say of a line: its words, its body and its answers, in the schemas that check them. */
interface Described {
  readonly summary: string;
  readonly description?: string;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly responses: Responses;
}

const json = (description: string, schema: z.ZodType): Responses[string] => ({
  description,
  content: { 'application/json': { schema } },
});

const made = { 201: json('It is written', schemas.made) };
const several = json(
  'It is written; several ids where several Observations were made',
  z.union([schemas.made, z.object({ ids: z.array(z.string()) })]),
);

const described: Readonly<Record<string, Described>> = {
  'patient-channel-list': {
    summary: 'List patient channels',
    description: 'The latest first. `next` is the URL of the next page, or null.',
    query: schemas.listQuery,
    responses: { 200: json('A page of channels', schemas.page) },
  },
  'patient-channel-create': {
    summary: 'Create a patient channel',
    description:
      'With its patient and what was measured. Each entity that it names has a channel of its own with the same id; the operator says which organizations share.',
    body: schemas.channel,
    responses: made,
  },
  'patient-channel': {
    summary: 'Read a patient channel',
    description: 'As far as the token opens it: without Patient in its scopes it does not say who it is.',
    responses: { 200: json('The channel', schemas.channelAnswer) },
  },
  'patient-channel-summary': {
    summary: 'Read the summary of a channel (PSR)',
    description:
      'The stored PSR, or one that is made of the case where none was stored. `Accept` must name `application/pdf`; `*/*` does not.',
    responses: {
      200: {
        description: 'The PDF',
        content: { 'application/pdf': { schema: { type: 'string', contentMediaType: 'application/pdf' } } },
      },
      406: json('Accept does not name application/pdf', schemas.fault),
    },
  },
  'channel-identifier-create': {
    summary: 'Add an identifier to a channel, or change its value',
    description: 'One with the same name and category gets the new value. The same value again changes nothing: 200.',
    body: schemas.identifier,
    responses: { ...made, 200: json('It was there with this value', schemas.made) },
  },
  'channel-vital-signs-create': {
    summary: 'Add vital signs to a channel',
    body: schemas.vitalSigns,
    responses: { 201: several },
  },
  'channel-message-create': {
    summary: 'Add a team message to a channel',
    body: schemas.message,
    responses: made,
  },
};

const faults: Responses = {
  400: json('What was sent is not sound; `code` is VALIDATION', schemas.fault),
  401: json('No token, or one that opens nothing any more', schemas.fault),
  403: json("The token's scopes do not allow it", schemas.fault),
  429: json('More than the plan of the organization allows; see Retry-After', schemas.fault),
};

let known: { readonly base: string; readonly document: object } | undefined;

/** The OpenAPI 3.1 document of the native API. */
export function openApi(base: string): object {
  if (known?.base !== base) known = { base, document: generate(base) };
  return known.document;
}

function generate(base: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'apiKey', in: 'header', name: 'x-api-key' });
  for (const line of routes) registry.registerPath(pathOf(line));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Portico native API',
      version,
      description:
        'Patient channels: one emergency case of one patient each. A token of an organization is sent as `Authorization: Bearer` or as `x-api-key`.',
    },
    servers: [{ url: `${base.replace(/\/fhir\/R4$/, '')}${PREFIX}` }],
    security: [{ token: [] }, { apiKey: [] }],
  });
}

function pathOf({ method, path, interaction }: Line): RouteConfig {
  const { summary, description, body, query, responses } = described[interaction] as Described;
  const isOfOne = path.includes(':id');
  const retried = z.object({
    'Idempotency-Key': z
      .string()
      .max(200)
      .optional()
      .openapi({ description: 'Sent again within a day with the same request, it has its effect once' }),
  });
  return {
    method: method === 'GET' ? 'get' : 'post',
    path: path.replace(':id', '{id}'),
    operationId: interaction.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary,
    ...(description !== undefined && { description }),
    request: {
      ...(isOfOne && { params: z.object({ id: z.string().openapi({ description: 'The id of the channel' }) }) }),
      ...(query && { query }),
      ...(body && { headers: retried, body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      ...faults,
      ...(isOfOne && { 404: json('There is no such channel, or the token does not open it', schemas.fault) }),
      ...responses,
    },
  };
}
