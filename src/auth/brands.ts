import { createHash } from 'node:crypto';
import type { Bundle, Endpoint, Organization } from '@medplum/fhirtypes';
import { BRANDS_PATH } from './paths.js';
import type { AuthOptions } from './issue.js';
import { listOrgs, type Org } from './orgs.js';

/**
 * By what patients find their clinic in an app: https://hl7.org/fhir/smart-app-launch/STU2.2/brands.html. An organization
 * is in it that has named the site by which patients know it; the others are nobody's business.
 */
export async function brands({ own, issuer, audience, now }: AuthOptions): Promise<Bundle> {
  const orgs = (await listOrgs(own)).filter(({ active, website }) => active && website !== undefined);
  const root = `${issuer}${BRANDS_PATH.replace(/\.json$/, '')}`;
  const entries = [endpoint(issuer, audience), ...orgs.map((org) => brand(org, issuer))];
  return {
    resourceType: 'Bundle',
    type: 'collection',
    // To the day: the answer is the same for as long as nothing changes.
    timestamp: `${new Date(now()).toISOString().slice(0, 10)}T00:00:00Z`,
    entry: entries.map((resource) => ({
      fullUrl: `${root}/${resource.resourceType}/${resource.id as string}`,
      resource,
    })),
  };
}

const ENDPOINT_ID = 'fhir-r4';
const EXTENSIONS = 'http://hl7.org/fhir/StructureDefinition';

const endpoint = (issuer: string, audience: string): Endpoint => ({
  resourceType: 'Endpoint',
  id: ENDPOINT_ID,
  extension: [{ url: `${EXTENSIONS}/endpoint-fhir-version`, valueCode: '4.0.1' }],
  status: 'active',
  connectionType: { system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type', code: 'hl7-fhir-rest' },
  name: 'FHIR R4',
  // Where apps are registered.
  contact: [{ system: 'url', value: `${issuer}/manager` }],
  payloadType: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type', code: 'none' }] }],
  address: audience,
});

function brand({ id, name, website = '' }: Org, issuer: string): Organization {
  const reference = { reference: `Endpoint/${ENDPOINT_ID}` };
  return {
    resourceType: 'Organization',
    // Ids of ours may have characters that those of FHIR have not.
    id: createHash('sha256').update(id).digest('hex').slice(0, 32),
    extension: [
      {
        url: `${EXTENSIONS}/organization-portal`,
        extension: [
          { url: 'portalName', valueString: `Patient portal of ${name}` },
          { url: 'portalUrl', valueUrl: `${issuer}/portal` },
          { url: 'portalEndpoint', valueReference: reference },
        ],
      },
    ],
    identifier: [{ system: 'urn:ietf:rfc:3986', value: new URL(website).origin.replace('//www.', '//') }],
    active: true,
    name,
    telecom: [{ system: 'url', value: website }],
    endpoint: [reference],
  };
}
