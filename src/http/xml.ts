import type { Body, FhirResponse } from './fhir-request.js';
import type { Format } from './negotiate.js';

/** What is sent to a client that asks for XML: everything below knows JSON alone. The first one waits for the code to load. */
export async function inXml(response: FhirResponse, { pretty }: Format): Promise<FhirResponse> {
  if (typeof response.body !== 'string') return response;
  const { toXml } = await import('../xml/to-xml.js');
  return { ...response, body: toXml(response.body, pretty) };
}

const JSON_TYPE = 'application/fhir+json';

/** A body in XML, as if the client had sent it as JSON. Errors: 400 `invalid-xml`, 413 `too-long`. */
export async function asJson(bytes: Buffer, nodes: number): Promise<Body> {
  const { fromXmlInTurns } = await import('../xml/from-xml.js');
  return { contentType: JSON_TYPE, sentType: JSON_TYPE, bytes: Buffer.from(await fromXmlInTurns(bytes, nodes)) };
}
