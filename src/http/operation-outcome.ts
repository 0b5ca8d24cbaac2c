import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Issue, OutcomeError } from '../outcome.js';

const CODES = 'CodeSystem/error-code';

/** The OperationOutcome of an error, with its code of the catalogue in `issue.details.coding`. */
export function operationOutcome(issues: readonly Issue[], base: string): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, text, error, expression }) => ({
      severity,
      code: code as OperationOutcome['issue'][number]['code'],
      details: {
        ...(error !== undefined && { coding: [{ system: `${base}/${CODES}`, code: error }] }),
        text,
      },
      ...(expression && { expression: [...expression] }),
    })),
  };
}

export const outcomeOf = (error: OutcomeError, base: string): string =>
  JSON.stringify(operationOutcome(error.issues, base));
