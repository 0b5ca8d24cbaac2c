import type { z } from 'zod';
import { OutcomeError } from '../outcome.js';

/** As many as help. */
const MOST = 10;

/**
 * What was sent, as its schema says it. Errors: 400 `VALIDATION`, with each fault and where it is, and never the value:
 * it may be a patient's.
 */
export function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, MOST).map(faultOf);
  throw new OutcomeError(400, 'VALIDATION', faults.join('; '));
}

function faultOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  const where = path === '' ? '' : `${path}: `;
  // The name of a member is the client's own text.
  if (issue.code === 'unrecognized_keys') return `${where}has members that are not known here`;
  return `${where}${issue.message}`;
}
