import assert from 'node:assert/strict';
import { asSystem } from '../../src/access/narrow.js';
import { paramOf } from '../../src/registry.js';
import type { Client } from './client.js';
import { queriesFor } from './queries.js';
import { start, TENANT, type Server } from './server.js';

/** A copy without what the server owns: version, time and origin in meta. */
export function withoutServerMeta(resource: any, base: string): any {
  const copy = structuredClone(resource);
  const { versionId: _version, lastUpdated: _updated, tag, ...meta } = copy.meta ?? {};
  const tags = (tag ?? []).filter((each: any) => each.system !== `${base}/CodeSystem/native-resource`);
  copy.meta = { ...meta, ...(tags.length > 0 && { tag: tags }) };
  if (Object.keys(copy.meta).length === 0) delete copy.meta;
  return copy;
}

/** Inline data comes back as a Binary: this is what was sent, made comparable with what is served. */
export function detached(sent: any, served: any): any {
  const copy = structuredClone(sent);
  const attachments = (of: any): any[] => of.presentedForm ?? (of.content ?? []).map((each: any) => each.attachment);
  for (const [index, attachment] of attachments(copy).entries()) {
    if (attachment?.data === undefined) continue;
    const other = attachments(served)[index];
    assert.match(other.url, /^Binary\//);
    assert.equal(other.size, Buffer.from(attachment.data, 'base64').length);
    delete attachment.data;
    Object.assign(attachment, { url: other.url, size: other.size, hash: other.hash });
  }
  return copy;
}

/** What is sent is the text that was written; what the columns say must be the same, character by character. */
export async function checkColumns({ portico }: Server, { resourceType, id }: any, text: string): Promise<void> {
  const resource = portico.registry.get(resourceType);
  assert.ok(resource, `${String(resourceType)} is served`);
  const entry = await portico.columns.read(resource, id, asSystem(TENANT, 'check'));
  assert.equal(entry?.text, text);
}

/** What is written is read back element for element, and what the read shows, every declared search finds. */
export async function checkRoundTrip(server: Server, client: Client, sent: any): Promise<void> {
  const path = `${sent.resourceType}/${sent.id}`;
  const { status, body, text } = await client.get(path);
  assert.equal(status, 200, text);
  await checkColumns(server, sent, text);
  assert.deepEqual(withoutServerMeta(body, server.base), withoutServerMeta(detached(sent, body), server.base));
  const resource = server.portico.registry.get(sent.resourceType);
  assert.ok(resource, `${sent.resourceType} is served`);
  for (const { param, query } of queriesFor(resource, body, server.base)) {
    assert.ok(paramOf(resource, param));
    const ids = await client.ids(`${sent.resourceType}?${query}&_count=500`);
    assert.ok(ids.includes(sent.id), `${sent.resourceType}?${query} finds ${String(sent.id)}`);
  }
}

/**
 * The contract of one resource type, for a resource of it that fills its columns: what `new-resource` writes calls it.
 *
 * @public
 */
export function describeResource(sample: any): void {
  describe(`fhir/${sample.resourceType}`, () => {
    let server: Server;
    let client: Client;

    before(async () => {
      server = await start();
      client = await server.client();
      await server.save([sample]);
    });
    after(() => server.stop());

    it('reads back what was written, and finds it by every value that it shows', () =>
      checkRoundTrip(server, client, sample));

    it('is declared in the CapabilityStatement', async () => {
      const { body } = await client.get('metadata');
      assert.ok(body.rest[0].resource.some((each: any) => each.type === sample.resourceType));
    });
  });
}
