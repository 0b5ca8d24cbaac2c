import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { goldens } from '../support/golden.js';
import { start, type Server } from '../support/server.js';

describe('rest: definitions of our own', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save(goldens.map((each) => JSON.parse(each.text(server.base))));
  });
  after(() => server.stop());

  it('REST 54: what our own canonical URLs name can be read, without a token', async () => {
    const read = async (url: string): Promise<any> => {
      const { status, body, headers } = await client.get(url, { anonymous: true });
      assert.equal(status, 200, url);
      assert.equal(body.url, url);
      const again = { 'if-none-match': headers.get('etag') ?? '' };
      assert.equal((await client.get(url, { anonymous: true, headers: again })).status, 304);
      return body;
    };
    const codes = ({ concept = [] }: any): string[] => concept.map((each: any) => each.code);
    const { body: refused } = await client.get('Patient?nothing=1');
    const [error] = refused.issue[0].details.coding;
    assert.ok(codes(await read(error.system as string)).includes(error.code as string));
    for (const type of server.portico.registry.types) {
      const [found] = (await client.get(`${type}?_count=1`)).body.entry ?? [];
      const tags = (found?.resource.meta.tag ?? []).filter(({ system }: any) => system.startsWith(server.base));
      for (const { system, code } of tags)
        assert.ok(codes(await read(system as string)).includes(code as string), code);
    }
    const { extension } = (await client.get('Encounter/encounter-channel')).body;
    const ours = extension.filter(({ url }: any) => url.startsWith(server.base));
    assert.ok(ours.length > 0);
    for (const { url, extension: parts } of ours) {
      const { differential, context } = await read(url as string);
      assert.deepEqual(context, [{ type: 'element', expression: 'Encounter' }]);
      for (const part of parts) {
        const at = differential.element.find(({ id }: any) => id === `Extension.extension:${part.url}.value[x]`);
        const [value] = Object.keys(part as object).filter((member) => member.startsWith('value'));
        assert.equal(`value${String(at.type[0].code).replace(/^./, (first) => first.toUpperCase())}`, value);
      }
    }
    assert.equal((await read(`${server.base}/CodeSystem/audit-interaction`)).content, 'not-present');
    for (const path of ['CodeSystem/nothing', 'StructureDefinition/nothing', 'ValueSet/nothing'])
      assert.equal((await client.get(path, { anonymous: path.startsWith('C') })).status, 404, path);
    const { body: part } = await client.get('CodeSystem/error-code?_elements=url', { anonymous: true });
    assert.deepEqual([part.concept, part.meta.tag[0].code], [undefined, 'SUBSETTED']);
  });
});
