import type { Access } from '../access/narrow.js';
import type { Position } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import { seal, unseal } from '../store/seal.js';

/**
 * A page's cursor: the search and where to go on from, encrypted, because both may hold a name, and bound to the
 * tenant and the credential or the user that it was given to.
 */
export interface Cursor {
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly position?: Position;
  /** The total, when it was counted for the first page: it is not counted again. */
  readonly total?: number;
}

export const CURSOR = '_cursor';
/** The last page needs no secret: it is the search itself, read from its end. */
export const LAST = 'last';

// Sessions have no credential: without the user, all of an organization would be one.
const boundTo = ({ tenant, credential, user = '' }: Access, type: string): string =>
  `${tenant} ${credential} ${user} ${type}`;

export function writeCursor(key: Buffer, access: Access, type: string, cursor: Cursor): string {
  return seal(key, JSON.stringify(cursor), boundTo(access, type));
}

/** Errors: 400 `invalid-cursor` for one that was changed, or given to somebody else. */
export function readCursor(key: Buffer, access: Access, type: string, text: string): Cursor {
  const plain = text.length > 32_768 ? undefined : unseal(key, text, boundTo(access, type));
  if (plain === undefined)
    throw new OutcomeError(400, 'invalid-cursor', 'This page link is not one that was given to this credential');
  return JSON.parse(plain) as Cursor;
}
