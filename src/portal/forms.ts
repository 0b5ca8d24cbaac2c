import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hashSecret } from '../auth/secrets.js';
import { BodyError, readForm } from '../http/body.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { GuardError } from '../store/plan.js';

const FORM_BYTES = 65_536;
/** The hidden field that proves that a form is one of ours. */
export const CSRF_FIELD = 'csrf';
/** The hidden field by which a form is known that was sent before. */
export const FORM_FIELD = 'form';

/** What was sent. A field that is missing is an empty text, and a page says what it needs. */
export interface Fields {
  one(name: string): string;
  all(name: string): readonly string[];
  /** Everything, in order. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
}

/** Proves a form to belong to the session in whose page it stood: a synchronizer token without storage. */
export const csrfToken = (key: Buffer, session: string): string =>
  createHmac('sha256', key).update(session).digest('base64url');

/**
 * Reads a form that this browser got from us. The browser's own word is asked first, then the token (THREAT 65).
 * Errors: 403 for a form of somebody else, 413.
 */
export async function readFields(request: IncomingMessage, origin: string, csrf: string): Promise<Fields> {
  const { 'sec-fetch-site': site, origin: sender } = request.headers;
  const ours = site === undefined ? sender === origin : site === 'same-origin' || site === 'none';
  if (!ours) throw foreign();
  const fields = await readForm(request, FORM_BYTES).catch((error: unknown) => {
    if (!(error instanceof BodyError)) throw error;
    throw error.reason === 'size' ? new OutcomeError(413, 'too-long', 'The form is too large') : foreign();
  });
  const pairs = fields.map(([name, value]) => [name, value.replaceAll('\0', '')] as const);
  const read = fieldsOf(pairs);
  const [given, expected] = [Buffer.from(read.one(CSRF_FIELD)), Buffer.from(csrf)];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw foreign();
  return read;
}

const fieldsOf = (pairs: Fields['pairs']): Fields => {
  const all = (name: string): string[] => pairs.filter(([each]) => each === name).map(([, value]) => value);
  return { pairs, all, one: (name) => all(name)[0] ?? '' };
};

export const noFields: Fields = fieldsOf([]);

/** What another site sends: a link or a form. Nothing of it proves who sent it. Errors: 400, 413. */
export async function foreignFields(request: IncomingMessage, query: URLSearchParams): Promise<Fields> {
  if (request.method !== 'POST') return fieldsOf([...query]);
  const fields = await readForm(request, FORM_BYTES).catch((error: unknown) => {
    if (!(error instanceof BodyError)) throw error;
    throw error.reason === 'size'
      ? new OutcomeError(413, 'too-long', 'The form is too large')
      : new OutcomeError(400, 'invalid-parameter', 'The app that sent you here sent no form');
  });
  return fieldsOf([...query, ...fields]);
}

const foreign = (): OutcomeError =>
  new OutcomeError(
    403,
    'login',
    'This form is not one of ours, or your session has ended. Please open the page again and repeat what you did.',
  );

const KEPT_MILLISECONDS = 24 * 3_600_000;

const insert = statement<{ hash: string; expiresAt: number }>((knex, $) =>
  knex('portal_form')
    .insert({ hash: $('hash'), expires_at: $('expiresAt') })
    .onConflict('hash')
    .ignore(),
);

/** The id of a form that makes something. */
export const newFormId = (): string => randomBytes(16).toString('base64url');

/** Whether this is the first time that a form is sent: by a second click, a reload or the back button it is not. */
export async function isFirst(db: Database, session: string, fields: Fields, now: number): Promise<boolean> {
  const id = fields.one(FORM_FIELD);
  if (!/^[\w-]{22}$/.test(id)) return false;
  const row = { hash: hashSecret(`${session} ${id}`), expiresAt: now + KEPT_MILLISECONDS };
  try {
    await db.commit({ statements: [await insert.plan(db, row, 1)] });
    return true;
  } catch (error) {
    if (error instanceof GuardError) return false;
    throw error;
  }
}

/** A name that somebody gives: any script, no control characters. Undefined where it is none. */
export function nameOf(text: string): string | undefined {
  const name = text.normalize('NFC').trim().replace(/\s+/g, ' ');
  return name.length >= 1 && name.length <= MOST_NAME && !/\p{Cc}/u.test(name) ? name : undefined;
}

export const MOST_NAME = 100;
