import type { Criterion, SearchRequest } from '../define/request.js';

/** Searches that nobody wrote: the server finds rows by values that it knows. */
const plain: Omit<SearchRequest, 'type' | 'criteria'> = {
  sort: [],
  count: 0,
  total: 'none',
  summary: 'false',
  elements: [],
  include: [],
  revInclude: [],
  used: [],
  ignored: [],
};

/** The rows that meet one condition. */
export const meeting = (type: string, criterion: Criterion): SearchRequest => ({
  ...plain,
  type,
  criteria: [criterion],
});

/** The row of one id, as it is stored. */
export const byId = (type: string, id: string | number): SearchRequest => ({
  ...plain,
  type,
  criteria: [{ param: '_id', any: [{ shape: 'code', bindings: [id] }] }],
});

/** A search by a list of values in one parameter, so that any number of them is one statement. */
export const among = (type: string, param: string, values: readonly (string | number)[]): SearchRequest => ({
  ...plain,
  type,
  criteria: [{ param, any: [{ shape: 'among', bindings: [values] }] }],
});
