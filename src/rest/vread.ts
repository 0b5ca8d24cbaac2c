import { narrow } from '../access/narrow.js';
import type { Interaction } from '../http/fhir-request.js';
import { latestVersion, readVersion } from '../store/history.js';
import { accessOf, checkId, notFound, resourceOf, type Facade } from './facade.js';
import { gone, respond, visible } from './read.js';
import { parseShape, shaped } from './subset.js';

/**
 * https://hl7.org/fhir/R4/http.html#vread. A version is shown when the narrowing shows both it and the resource as it
 * is now: a row that was moved to another patient takes its past along.
 */
export const vread =
  (facade: Facade): Interaction =>
  async (request) => {
    const resource = resourceOf(facade, request.type);
    checkId(request.id);
    const narrowing = narrow(accessOf(request), resource, 'r');
    const shape = parseShape(resource, request.params);
    const shown = (text: string): string => shaped(resource.type, text, shape);
    const current = await facade.rows.read(resource, request.id, narrowing);
    if (current?.versionId === request.versionId) return respond(request, current, shown(current.text));
    if (!facade.own || !/^[1-9]\d{0,8}$/.test(request.versionId)) throw notFound();
    const key = { tenant: narrowing.tenant, type: resource.type, id: request.id };
    const version = await readVersion(facade.own, key, Number(request.versionId));
    if (!version || !visible(resource, version, narrowing)) throw notFound();
    if (!current) {
      const last = await latestVersion(facade.own, key);
      if (last?.method !== 'DELETE' || !visible(resource, last, narrowing)) throw notFound();
    }
    if (version.method === 'DELETE') throw gone(version);
    if (version.body === undefined) throw notFound();
    const patients = version.patient === undefined ? (current?.patients ?? []) : [version.patient];
    const entry = {
      type: resource.type,
      id: request.id,
      versionId: request.versionId,
      lastUpdated: version.at,
      patients,
    };
    return respond(request, entry, shown(version.body));
  };
