import { narrow } from '../../access/narrow.js';
import { interval } from '../../define/dates.js';
import type { Criterion, SearchRequest } from '../../define/request.js';
import type { RegisteredResource } from '../../registry.js';
import { invalidParameter } from '../../outcome.js';
import type { Pairs, ParseOptions } from '../../search/options.js';
import { NEVER } from '../../search/kinds/kind.js';
import { parse, parseTest } from '../../search/parse.js';
import { accessOf, resourceOf } from '../facade.js';
import { pageOf } from '../search-type.js';
import { escaped, valuesOf } from './input.js';
import type { Operation } from './operation.js';

/** What is looked for when nothing is asked for: the summary of episodes (a C-CDA CCD), and the summaries of cases. */
const SUMMARIES = ['http://loinc.org|34133-9', 'http://loinc.org|67796-3'];

/** https://hl7.org/fhir/us/core/STU6.1/OperationDefinition-docref.html: the documents there are; none is made for it. */
export const docref: Operation = {
  name: 'docref',
  definition: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
  of: 'DocumentReference',
  levels: ['type'],
  byGet: ['type'],
  documentation:
    'Answers with stored documents: on-demand=true finds none. Without start and end it is the current ones, without a ' +
    'type too it is clinical summaries (LOINC 34133-9, 67796-3). type and profile may be given several times, any of ' +
    'which may match; a profile is that of the content, as its format. start and end are about the period of care, or ' +
    'the date of a document that has none. Needs the scope letter s',
  run: async (facade, request, { pairs }) => {
    const resource = resourceOf(facade, request.type);
    const narrowing = narrow(accessOf(request), resource, 's');
    return pageOf(
      facade,
      { ...request, params: pairs },
      {
        ...{ resource, narrowing, path: 'DocumentReference/$docref' },
        read: (params, options) => documents(resource, params, options),
      },
    );
  },
};

const names = ['patient', 'start', 'end', 'type', 'on-demand', 'profile', '_count'] as const;

function documents(resource: RegisteredResource, pairs: Pairs, options: ParseOptions): SearchRequest {
  const values = valuesOf(pairs, names, ['type', 'profile']);
  const one = (name: (typeof names)[number]): string | undefined => values(name)[0];
  const [patient, start, end, onDemand, count] = [
    one('patient'),
    one('start'),
    one('end'),
    one('on-demand'),
    one('_count'),
  ];
  if (patient === undefined || !/^[A-Za-z0-9\-.]{1,64}$/.test(patient))
    throw invalidParameter('The operation needs the parameter patient: the id of one');
  if (onDemand !== undefined && onDemand !== 'true' && onDemand !== 'false')
    throw invalidParameter('on-demand takes true or false');
  const [types, profiles] = [values('type'), values('profile')];
  const isDated = start !== undefined || end !== undefined;
  const wanted = types.length === 0 && profiles.length === 0 && !isDated ? SUMMARIES : types;
  const asked: [string, string][] = [
    ['patient', patient],
    ['status', isDated ? 'current,superseded' : 'current'],
    ...(wanted.length > 0 ? [['type', wanted.join(',')] as [string, string]] : []),
    ...(profiles.length > 0 ? [['format', profiles.map(escaped).join(',')] as [string, string]] : []),
    ...(count === undefined ? [] : [['_count', count] as [string, string]]),
  ];
  const search = parse(resource, asked, { ...options, handling: 'strict' });
  const criteria = [
    ...search.criteria,
    ...(start === undefined ? [] : ofCare(resource, 'ge', moment('start', start), options)),
    ...(end === undefined ? [] : ofCare(resource, 'le', moment('end', end), options)),
    ...(onDemand === 'true' ? [{ param: '_id', any: [NEVER] }] : []),
  ];
  const used: Pairs = [
    ...pairs.filter(([name, value]) => name !== '_count' && value !== ''),
    ...search.used.filter(([name]) => name === '_count'),
  ];
  return { ...search, criteria, used };
}

/** An unencoded + of a URL arrives as a space. */
function moment(name: string, text: string): string {
  const given = text.replace(' ', '+');
  if (!interval(given)) throw invalidParameter(`${name} takes a dateTime`);
  return given;
}

/** By the period of the care that is documented; by the date of the document where that is not known. */
function ofCare(resource: RegisteredResource, prefix: 'ge' | 'le', date: string, options: ParseOptions): Criterion[] {
  const test = (name: string, value: string): Criterion => parseTest(resource, name, value, options);
  const period = test('period', `${prefix}${date}`);
  return [{ oneOf: [period, test('date', `${prefix}${date}`)] }, { oneOf: [period, test('period:missing', 'true')] }];
}
