import assert from 'node:assert/strict';
import { toXml } from '../../src/xml/to-xml.js';
import type { Answer, Client } from './client.js';

/** A client that asks and sends in one format, and is answered in it. */
export interface Speaker {
  get(path: string): Promise<Answer>;
  postSearch(type: string): Promise<Answer>;
  remove(path: string): Promise<Answer>;
  send(method: string, path: string, body: object, headers?: Record<string, string>): Promise<Answer>;
}

export function speaking(client: Client, format: string): Speaker {
  const headers = { accept: format };
  const said = async (answer: Promise<Answer>): Promise<Answer> => {
    const { headers: answered, text } = await answer;
    if (text !== '') assert.equal(answered.get('content-type'), `${format}; charset=utf-8`, text);
    return answer;
  };
  const written = (body: object): object | string =>
    format === 'application/fhir+xml' && 'resourceType' in body ? toXml(JSON.stringify(body)) : body;
  return {
    get: (path) => said(client.get(path, { headers })),
    postSearch: (type) => said(client.postSearch(type, {}, { headers })),
    remove: (path) => said(client.remove(path, headers)),
    send: (method, path, body, more = {}) =>
      said(client.send(method, path, written(body), { ...headers, 'content-type': format, ...more })),
  };
}
