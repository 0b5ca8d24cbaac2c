import type { Route } from '../visit.js';
import { appRoutes } from './apps.js';
import { auditRoutes } from './audit.js';
import { heldRoutes } from './held.js';
import { integrationRoutes } from './integrations.js';
import { patientsRoutes } from './patients.js';
import { statusRoutes } from './status.js';
import { tokenRoutes } from './tokens.js';
import { userRoutes } from './users.js';
import { webhookRoutes } from './webhooks.js';

/** The manager of an organization. */
export const adminRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager', who: 'anybody', handle: async () => ({ to: '/portal/login' }) },
  ...tokenRoutes,
  ...appRoutes,
  ...webhookRoutes,
  ...integrationRoutes,
  ...heldRoutes,
  ...userRoutes,
  ...patientsRoutes,
  ...auditRoutes,
  ...statusRoutes,
];
