import type { FhirRequest, FhirResponse, Interaction, Route } from '../../http/fhir-request.js';
import type { Facade } from '../facade.js';
import { inputOf, type Input } from './input.js';

/** One operation of the table: https://hl7.org/fhir/R4/operations.html */
export interface Operation {
  /** Without its `$`. */
  readonly name: string;
  /** The canonical URL of its definition. */
  readonly definition: string;
  /** The type that it is of, or `[type]` for each. */
  readonly of: string;
  readonly levels: readonly Level[];
  /** Where a URL can say all that it takes. */
  readonly byGet: readonly Level[];
  /** What it does beside what its definition says, for the CapabilityStatement. */
  readonly documentation: string;
  readonly run: (facade: Facade, request: FhirRequest, input: Input) => Promise<FhirResponse>;
}

type Level = 'type' | 'instance';

/** Its lines of the table of interactions. */
export function routesOf(facade: Facade, operation: Operation, takes: NonNullable<Route['takes']>): Route[] {
  const { name, of, levels, byGet, definition, documentation } = operation;
  const handle: Interaction = async (request) => operation.run(facade, request, inputOf(request));
  const route = { interaction: 'operation', operation: { name, definition, documentation }, handle } as const;
  return levels.flatMap((level): Route[] => {
    const path = `${of}/${level === 'instance' ? '[id]/' : ''}$${name}`;
    const post: Route = { ...route, method: 'POST', path, takes };
    return byGet.includes(level) ? [{ ...route, method: 'GET', path }, post] : [post];
  });
}
