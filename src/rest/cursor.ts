import type { Access } from '../access/narrow.js';
import type { Position } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import { seal, unseal } from '../store/seal.js';

/**
 * A page's cursor: the search and where to go on from it, encrypted, because both may hold a name, and bound to whom it
 * was given to: tenant, credential, user and patient, for one app has many users.
 */
export interface Cursor {
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly position?: Position;
  /** Of a search over several types, where each goes on. */
  readonly each?: Readonly<Record<string, Position>>;
  /** The total, when it was counted for the first page: it is not counted again. */
  readonly total?: number;
}

export const CURSOR = '_cursor';
/** The last page needs no secret: it is the search itself, read from its end. */
export const LAST = 'last';

const boundTo = ({ tenant, credential, user = '', patient = '' }: Access, path: string): string =>
  `${tenant} ${credential} ${user} ${patient} ${path}`;

export function writeCursor(key: Buffer, access: Access, path: string, cursor: Cursor): string {
  return seal(key, JSON.stringify(cursor), boundTo(access, path));
}

/** Errors: 400 `invalid-cursor` for one that was changed, or given to somebody else. */
export function readCursor(key: Buffer, access: Access, path: string, text: string): Cursor {
  const plain = text.length > 32_768 ? undefined : unseal(key, text, boundTo(access, path));
  if (plain === undefined)
    throw new OutcomeError(400, 'invalid-cursor', 'This page link is not one that was given to this credential');
  return JSON.parse(plain) as Cursor;
}
