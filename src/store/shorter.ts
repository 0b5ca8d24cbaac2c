import type { Narrowing, Position, SearchRequest } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Page, Rows } from './rows.js';

/** What is read of so many, or of fewer where so many would be too long together. */
export async function shorter<T>(
  most: number,
  read: (count: number) => Promise<T>,
): Promise<{ readonly count: number; readonly found: T }> {
  for (let count = most; ; count = Math.ceil(count / 8)) {
    try {
      return { count, found: await read(count) };
    } catch (error) {
      if (!(error instanceof OutcomeError) || error.code !== 'too-costly' || count <= 1) throw error;
    }
  }
}

/** A page as long as one may be: of fewer resources than asked for, where so many would be longer. */
export const shorterPage = async (
  rows: Pick<Rows, 'find'>,
  resource: RegisteredResource,
  request: SearchRequest,
  narrowing: Narrowing,
  position?: Position,
): Promise<Page> =>
  (await shorter(request.count, (count) => rows.find(resource, { ...request, count }, narrowing, position))).found;
