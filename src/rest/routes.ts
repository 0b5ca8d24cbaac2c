import type { Route } from '../http/fhir-request.js';
import { bundle } from './batch.js';
import { createBinary, updateBinary } from './binary-write.js';
import { readBinary } from './binary.js';
import { capabilities } from './capabilities.js';
import { create } from './create.js';
import { definitionsOf, readDefinition } from './definitions.js';
import { conditionalDelete, remove } from './delete.js';
import type { Facade } from './facade.js';
import { history } from './history.js';
import { operationRoutes } from './operations/index.js';
import { conditionalPatch, patch, takesPatch } from './patch.js';
import { read } from './read.js';
import { searchSystem } from './search-system.js';
import { searchType } from './search-type.js';
import { takesBundle, takesBytes, takesResource } from './sent.js';
import { conditionalUpdate, update } from './update.js';
import { vread } from './vread.js';

/** The table of FHIR interactions. Nothing is served, and nothing is declared, that is not a line of it. */
export function fhirRoutes(facade: Facade): Route[] {
  const routes: Route[] = [
    { interaction: 'read', method: 'GET', path: 'Binary/[id]', handle: readBinary(facade) },
    ...definitionRoutes(facade),
    { interaction: 'read', method: 'GET', path: '[type]/[id]', handle: read(facade) },
    { interaction: 'vread', method: 'GET', path: '[type]/[id]/_history/[vid]', handle: vread(facade) },
    ...searchRoutes(facade),
    ...operationRoutes(facade),
    ...(facade.own ? historyRoutes(facade) : []),
    ...(facade.writer ? writeRoutes(facade) : []),
  ];
  if (facade.writer) {
    const route = { method: 'POST', path: '', takes: takesBundle, handle: bundle(facade, [...routes]) } as const;
    // The body says which of the two it is.
    routes.push({ ...route, interaction: 'batch' }, { ...route, interaction: 'transaction' });
  }
  return [
    {
      interaction: 'capabilities',
      method: 'GET',
      path: 'metadata',
      public: true,
      handle: capabilities(facade, routes),
    },
    ...routes,
  ];
}

function searchRoutes(facade: Facade): Route[] {
  const get = { interaction: 'search-type', method: 'GET', handle: searchType(facade) } as const;
  const post = { ...get, method: 'POST', takes: 'form' } as const;
  const system = { interaction: 'search-system', handle: searchSystem(facade) } as const;
  const ofPatients: Route[] = [
    { ...get, path: 'Patient/[id]/[type]' },
    { ...post, path: 'Patient/[id]/[type]/_search' },
    { ...system, method: 'GET', path: 'Patient/[id]/*' },
  ];
  return [
    { ...get, path: '[type]' },
    { ...post, path: '[type]/_search' },
    { ...system, method: 'GET', path: '' },
    { ...system, method: 'POST', path: '_search', takes: 'form' },
    ...(facade.registry.get('Patient') ? ofPatients : []),
  ];
}

/** What our canonical URLs name. It says nothing of anybody, and needs no token. */
function definitionRoutes(facade: Facade): Route[] {
  const definitions = definitionsOf(facade);
  const types = new Set([...definitions.keys()].map((path) => path.split('/')[0] as string));
  const route = { interaction: 'read', method: 'GET', public: true, handle: readDefinition(definitions) } as const;
  return [...types].map((type) => ({ ...route, path: `${type}/[id]` }));
}

function historyRoutes(facade: Facade): Route[] {
  const route = { method: 'GET', handle: history(facade) } as const;
  return [
    { ...route, interaction: 'history-instance', path: '[type]/[id]/_history', needs: 'history' },
    { ...route, interaction: 'history-type', path: '[type]/_history', needs: 'history' },
    { ...route, interaction: 'history-system', path: '_history' },
  ];
}

function writeRoutes(facade: Facade): Route[] {
  const takes = takesResource(facade.registry);
  const patching = { interaction: 'patch', method: 'PATCH', needs: 'update', takes: takesPatch } as const;
  return [
    { interaction: 'create', method: 'POST', path: 'Binary', takes: takesBytes, handle: createBinary(facade) },
    { interaction: 'update', method: 'PUT', path: 'Binary/[id]', takes: takesBytes, handle: updateBinary(facade) },
    { interaction: 'create', method: 'POST', path: '[type]', needs: 'create', takes, handle: create(facade) },
    { interaction: 'update', method: 'PUT', path: '[type]/[id]', needs: 'update', takes, handle: update(facade) },
    { interaction: 'update', method: 'PUT', path: '[type]', needs: 'update', takes, handle: conditionalUpdate(facade) },
    { ...patching, path: '[type]/[id]', handle: patch(facade) },
    { ...patching, path: '[type]', handle: conditionalPatch(facade) },
    { interaction: 'delete', method: 'DELETE', path: '[type]/[id]', needs: 'delete', handle: remove(facade) },
    { interaction: 'delete', method: 'DELETE', path: '[type]', needs: 'delete', handle: conditionalDelete(facade) },
  ];
}

/** https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html: the letter of each interaction. */
const letters: Readonly<Record<Route['interaction'], string>> = {
  read: 'r',
  vread: 'r',
  'search-type': 's',
  'search-system': 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
  'history-instance': 'r',
  'history-type': 's',
  'history-system': 's',
  batch: '',
  transaction: '',
  // Each asks for the letters of what it does.
  operation: '',
  capabilities: '',
};

/** What a scope can be good for here: the letters of what is served, in the order of a scope. */
export function lettersOf(routes: readonly Route[]): string {
  const served = new Set(routes.map(({ interaction }) => letters[interaction]));
  return ['c', 'r', 'u', 'd', 's'].filter((letter) => served.has(letter)).join('');
}
