import { narrow } from '../../access/narrow.js';
import type { SearchRequest } from '../../define/request.js';
import type { RegisteredResource } from '../../registry.js';
import { invalidParameter, OutcomeError } from '../../outcome.js';
import type { Pairs, ParseOptions } from '../../search/options.js';
import { parse } from '../../search/parse.js';
import { accessOf, resourceOf } from '../facade.js';
import { pageOf } from '../search-type.js';
import type { Operation } from './operation.js';

const MAX = 100;

/** https://hl7.org/fhir/R4/observation-operation-lastn.html: a search that shows the newest of each code only. */
export const lastn: Operation = {
  name: 'lastn',
  definition: 'http://hl7.org/fhir/OperationDefinition/Observation-lastn',
  of: 'Observation',
  levels: ['type'],
  byGet: ['type'],
  documentation:
    'Takes max and the search parameters of Observation: patient or subject, unless the token is for one patient, and ' +
    'category or one that holds a code. Groups are told apart by the first coding of Observation.code, or by its text, ' +
    `and each is newest first; max is ${String(MAX)} at the most. Needs the scope letter s`,
  run: async (facade, request, { pairs }) => {
    const resource = resourceOf(facade, request.type);
    const access = accessOf(request);
    const narrowing = narrow(access, resource, 's');
    return pageOf(
      facade,
      { ...request, params: pairs },
      {
        ...{ resource, narrowing, path: 'Observation/$lastn' },
        read: (params, options) => newest(resource, params, options, access.patient !== undefined),
      },
    );
  },
};

function newest(resource: RegisteredResource, pairs: Pairs, options: ParseOptions, isPinned: boolean): SearchRequest {
  const given = pairs.filter(([name]) => name === 'max').map(([, value]) => value);
  const most = Number(given[0] ?? '1');
  if (given.length > 1 || !/^[1-9]\d{0,8}$/.test(given[0] ?? '1'))
    throw invalidParameter('max takes one whole number from 1');
  if (most > MAX) throw new OutcomeError(400, 'too-costly', `max is ${String(MAX)} at the most`);
  if (pairs.some(([name]) => name === '_sort'))
    throw new OutcomeError(400, 'unsupported-sort', 'The order is by code, and newest first');
  const search = parse(
    resource,
    pairs.filter(([name]) => name !== 'max'),
    options,
  );
  const asked = search.criteria.flatMap((each) => ('any' in each && each.modifier === undefined ? [each.param] : []));
  if (!isPinned && !asked.some((name) => name === 'patient' || name === 'subject'))
    throw invalidParameter('The operation needs the parameter patient or subject');
  if (!asked.some((name) => name === 'category' || /(^|-)code(-|$)/.test(name)))
    throw invalidParameter('The operation needs the parameter category, or one that holds a code');
  const used: Pairs = [...search.used, ...(given[0] === undefined ? [] : [['max', given[0]] as const])];
  return { ...search, used, first: { of: 'code', most } };
}
