import type { Route } from '../../http/fhir-request.js';
import type { Facade } from '../facade.js';
import { takesResource } from '../sent.js';
import { docref } from './docref.js';
import { everything } from './everything.js';
import { lastn } from './lastn.js';
import { subscriptionEvents, subscriptionStatus } from './subscription-status.js';
import { routesOf, type Operation } from './operation.js';
import { validateOperation } from './validate.js';

/** The table of operations. None is served, and none is declared, that is not a line of it. */
const operations: readonly Operation[] = [
  validateOperation,
  everything,
  docref,
  lastn,
  subscriptionStatus,
  subscriptionEvents,
];

/** Those of types that are served. Their parameters may stand in the URL, in the body, or in both. */
export function operationRoutes(facade: Facade): Route[] {
  const { registry } = facade;
  const takes = { ...takesResource(registry), optional: true } as const;
  return operations
    .filter(({ of }) => of === '[type]' || registry.get(of))
    .flatMap((operation) => routesOf(facade, operation, takes));
}
