import type { Route } from '../visit.js';
import { historyRoutes } from './history.js';
import { keyRoutes } from './keys.js';
import { logRoutes } from './log.js';

/** The portal of a patient. */
export const patientRoutes: readonly Route[] = [...historyRoutes, ...keyRoutes, ...logRoutes];
