import { AuthorizeError, answerUrl, beginAuthorize } from '../../auth/authorize.js';
import { AUTHORIZE_PATH } from '../../auth/paths.js';
import type { Reply, Route, Visit } from '../visit.js';
import { decide, show } from './decision.js';

/** https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html: an app sends its user, and gets a code for them. */
export const authorizeRoutes: readonly Route[] = [
  { method: 'GET', path: AUTHORIZE_PATH, who: 'anybody', fromAnywhere: true, handle: begin },
  { method: 'POST', path: AUTHORIZE_PATH, who: 'anybody', fromAnywhere: true, handle: begin },
  { method: 'GET', path: `${AUTHORIZE_PATH}/:id`, who: 'anybody', handle: (visit) => answered(visit, show) },
  { method: 'POST', path: `${AUTHORIZE_PATH}/:id`, who: 'anybody', handle: (visit) => answered(visit, decide) },
];

/**
 * What the app asks is checked and kept; the user goes on with a link of our own. A form of another site comes without
 * the cookie of a session, and that link with it.
 */
function begin(visit: Visit): Promise<Reply> {
  return answered(visit, async ({ fields: { pairs }, ip, options }) => ({
    to: `${AUTHORIZE_PATH}/${await beginAuthorize(pairs, ip, options)}`,
  }));
}

async function answered(visit: Visit, handle: Route['handle']): Promise<Reply> {
  try {
    return await handle(visit);
  } catch (error) {
    if (!(error instanceof AuthorizeError)) throw error;
    if (visit.login) await visit.record({ interaction: 'authorize', action: 'C', status: 403 });
    const answer = { error: error.error, error_description: error.message };
    return { away: answerUrl(error.back, visit.options.issuer, answer) };
  }
}
