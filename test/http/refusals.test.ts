import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { requestToken, type Answer, type Asked, type Client } from '../support/client.js';
import { raw } from '../support/raw.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const form = 'application/x-www-form-urlencoded';

describe('http: what is refused, and how', () => {
  let server: Server;
  let client: Client;
  let headers: Record<string, string>;

  before(async () => {
    server = await start();
    client = await server.client();
    headers = { authorization: `Bearer ${client.token}` };
    await server.save([{ resourceType: 'Patient', id: 'p', active: true }]);
  });
  after(() => server.stop());

  const code = ({ body }: Answer): string => body.issue[0].details.coding[0].code as string;

  async function refused(path: string, status: number, error: string, asked: Asked = {}): Promise<Answer> {
    const answer = await client.ask(path, asked);
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    assert.equal(code(answer), error, path);
    assert.equal(answer.body.issue[0].severity, 'error');
    assert.equal(answer.body.issue[0].details.coding[0].system, `${server.base}/CodeSystem/error-code`);
    assert.ok(answer.body.issue[0].details.text);
    return answer;
  }

  it('REST 4: _search takes a form and nothing else', async () => {
    const bodies: [type: string | undefined, body: string][] = [
      ['application/json', '{"_id":"p"}'],
      ['application/fhir+json', '{"resourceType":"Parameters"}'],
      ['text/plain', '_id=p'],
      ['multipart/form-data; boundary=x', '--x--'],
      [`x${form}`, '_id=p'],
    ];
    for (const [type, body] of bodies)
      await refused('Patient/_search', 415, 'unsupported-media-type', {
        method: 'POST',
        headers: type === undefined ? {} : { 'content-type': type },
        body,
      });
    const untyped = await raw(server.url, '/fhir/R4/Patient/_search', { method: 'POST', headers, chunks: ['_id=p'] });
    assert.equal(untyped.status, 415);
    const { status, body } = await client.ask('Patient/_search?_id=p', { method: 'POST' });
    assert.deepEqual([status, body.total], [200, 1], 'what the URL says needs no form');
    for (const type of [form, `${form}; charset=UTF-8`, form.toUpperCase(), `${form};charset="utf-8"`]) {
      const asked = { method: 'POST', headers: { 'content-type': type }, body: '_id=p' };
      assert.equal((await client.ask('Patient/_search', asked)).body.total, 1, type);
    }
  });

  it('REST 5: a form is UTF-8 and not compressed', async () => {
    const latin = { 'content-type': `${form}; charset=iso-8859-1` };
    await refused('Patient/_search', 415, 'unsupported-media-type', { method: 'POST', headers: latin, body: '_id=p' });
    const packed = { 'content-type': form, 'content-encoding': 'gzip' };
    await refused('Patient/_search', 415, 'unsupported-media-type', { method: 'POST', headers: packed, body: '_id=p' });
  });

  it('REST 5: a form that is too long is 413, announced or not, and the client gets to know', async () => {
    const chunk = `_id=${'x'.repeat(40_000)}&`;
    await refused('Patient/_search', 413, 'too-long', {
      method: 'POST',
      headers: { 'content-type': form },
      body: chunk.repeat(2),
    });
    const { status, text } = await raw(server.url, '/fhir/R4/Patient/_search', {
      method: 'POST',
      headers: { ...headers, 'content-type': form },
      chunks: [chunk, chunk, chunk],
    });
    assert.equal(status, 413);
    assert.equal(JSON.parse(text).issue[0].code, 'too-long');
  });

  it('REST 5: a malformed form is read as browsers read it, or refused, and never a 500', async () => {
    for (const body of ['%zz=1', '=', '&&&', 'a', '_id=%', '_id=%ff', '_id=p&_id', '%00=1', '_id=a%00b', 'name=%00']) {
      const asked = { method: 'POST', headers: { 'content-type': form }, body };
      const { status, text } = await client.ask('Patient/_search', asked);
      assert.ok(status === 200 || status === 400, `${body}: ${String(status)} ${text}`);
    }
    assert.equal((await client.postSearch('Patient', {})).status, 200);
    assert.equal((await client.postSearch('Patient', { _id: 'a\0b' })).status, 400);
    const credentials = { id: 'a\0b', secret: 'a\0b' };
    for (const inBody of [true, false])
      assert.equal((await requestToken(server.url, { ...credentials, inBody })).status, 401);
  });

  it('REST 7: a known path refuses what it does not do with 405, and says what it does', async () => {
    const paths: [path: string, allowed: string, methods: string[]][] = [
      ['metadata', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['Patient/_history', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['Patient/p', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS', ['POST']],
      ['AuditEvent', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['AuditEvent/a', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['Patient/p/_history/1', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['Patient/_search', 'POST, OPTIONS', ['GET', 'HEAD', 'PUT', 'DELETE']],
      ['Binary/b', 'GET, HEAD, PUT, OPTIONS', ['POST', 'PATCH', 'DELETE']],
      ['Binary', 'POST, OPTIONS', ['GET', 'PUT', 'PATCH', 'DELETE']],
    ];
    for (const [path, allowed, methods] of paths)
      for (const method of methods) {
        const asked = {
          method,
          headers: { 'content-type': 'application/fhir+json' },
          ...(method !== 'HEAD' && method !== 'GET' && { body: '{"resourceType":"Patient","id":"p"}' }),
        };
        const answer = await client.ask(path, asked);
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.get('allow'), allowed, `${method} ${path}`);
        if (method !== 'HEAD') assert.equal(code(answer), 'method-not-allowed');
      }
    assert.equal((await client.get('Patient/p')).body.active, true, 'nothing was written');
  });

  it('REST 7: an unknown type, an unknown id and an unknown path are told apart', async () => {
    const type = await refused('Nothing/1', 404, 'unknown-type');
    assert.equal(type.body.issue[0].code, 'not-supported');
    for (const path of ['Nothing', 'Condition', 'Condition/1', 'Condition/1/_history/1', 'Resource/1', 'Constructor'])
      await refused(path, 404, 'unknown-type');
    await refused('Condition/_search', 404, 'unknown-type', { method: 'POST', body: new URLSearchParams() });
    await refused('Condition', 404, 'unknown-type', { method: 'PUT' });
    const id = await refused('Patient/nobody', 404, 'unknown-id');
    assert.equal(id.body.issue[0].code, 'not-found');
    await refused('', 405, 'method-not-allowed', { method: 'PUT' });
    for (const path of ['patient/p', 'constructor', '__proto__/1', 'Patient/p/x', 'Practitioner/p/Observation'])
      assert.equal((await refused(path, 404, 'unknown-route')).body.issue[0].code, 'not-found');
  });

  it('REST 60: an operation that there is not is not supported', async () => {
    for (const path of [
      '$export',
      'Observation/$everything',
      'Encounter/e/$everything',
      'Patient/$meta',
      'Binary/b/$x',
    ])
      for (const method of ['GET', 'POST'])
        assert.equal(
          (await refused(path, 404, 'unknown-operation', { method })).body.issue[0].code,
          'not-supported',
          path,
        );
  });

  it('REST 12: an id that can be none is 404, never 500', async () => {
    const ids = [
      'x'.repeat(65),
      'a_b',
      'a%20b',
      'a%2Fb',
      '%00',
      '%ff%fe',
      "'%20or%201=1--",
      'é',
      '%2531',
      'a|b',
      '%E2%80%AE',
    ];
    for (const id of ids)
      for (const path of [`Patient/${id}`, `Patient/${id}/_history/1`, `Binary/${id}`]) {
        const { status, text } = await client.get(path);
        assert.ok(status === 404 || (status === 400 && id.includes('%ff')), `${path}: ${String(status)} ${text}`);
      }
    for (const id of ['a', '-', '.', '...', 'A-b.9', 'x'.repeat(64)])
      assert.equal((await raw(server.url, `/fhir/R4/Patient/${id}`, { headers })).status, 404, id);
  });

  it('REST 12: percent-encoding is decoded once', async () => {
    await server.save([{ resourceType: 'Patient', id: 'a-1', active: true }]);
    assert.equal((await client.get('Patient/a%2D1')).status, 200);
    assert.equal((await client.get('%50atient/a-1')).status, 200);
    assert.equal((await client.get('Patient/a%252D1')).status, 404);
    assert.equal((await client.get('Patient%2Fa-1')).status, 404, 'an encoded slash does not part a path');
    assert.deepEqual(await client.ids('Patient?_id=a%2D1'), ['a-1']);
    assert.deepEqual(await client.ids('Patient?_id=a%252D1'), []);
  });

  it('REST 12: a path that is not percent-encoded correctly is 400', async () => {
    for (const path of ['/Patient/%', '/Patient/%zz', '/Patient/%c3%28', '/%', '/Patient/p/_history/%1']) {
      const { status, text } = await raw(server.url, `/fhir/R4${path}`, { headers });
      assert.equal(status, 400, path);
      assert.equal(JSON.parse(text).issue[0].details.coding[0].code, 'invalid-id');
    }
  });

  it('REST 5: a malformed query is read or refused, and never a 500', async () => {
    for (const query of [
      '%',
      '_id=%',
      '_id=%zz',
      '_id=%ff',
      '=',
      '&',
      '?',
      '_id',
      '_id=%00',
      'name=a%00b',
      'a[b]=c',
      '__proto__=1',
    ])
      for (const path of [`Patient?${query}`, `Observation?${query}`]) {
        const { status, text } = await raw(server.url, `/fhir/R4/${path}`, { headers });
        assert.ok(status === 200 || status === 400, `${path}: ${String(status)} ${text}`);
      }
  });

  it('REST 6: a URL that is too long for HTTP, and what is no HTTP, have an OperationOutcome too', async () => {
    const long = await raw(server.url, `/fhir/R4/Patient?name=${'x'.repeat(20_000)}`, { headers });
    assert.equal(long.status, 431);
    assert.equal(long.headers['content-type'], 'application/fhir+json; charset=utf-8');
    assert.equal(JSON.parse(long.text).issue[0].code, 'too-long');
    assert.match(
      await spoken('GET /fhir/R4/Patient HTTP/1.1\r\nHost: x\r\nNo colon here\r\n\r\n'),
      /^HTTP\/1\.1 400 .*"OperationOutcome"/s,
    );
    assert.match(await spoken('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 .*"OperationOutcome"/s);
    const fitting = await client.get(`Patient?name=${'x'.repeat(8000)}`);
    assert.equal(fitting.status, 200);
  });

  /** What the server says to bytes on a socket. */
  function spoken(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let heard = '';
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes));
      socket.setEncoding('utf8');
      socket.on('data', (part: string) => (heard += part));
      socket.once('error', reject);
      socket.once('close', () => resolve(heard));
    });
  }

  it('REST 8: without a token it is 401, with a scheme to use and nothing else', async () => {
    const wrong: Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` },
      { authorization: `Bearer ${client.token} more` },
      { authorization: `Token ${client.token}` },
      { authorization: client.token },
    ];
    for (const each of wrong)
      for (const path of ['Patient/p', 'Patient', 'Binary/b', 'Patient/nobody']) {
        const answer = await client.get(path, { anonymous: true, headers: each });
        assert.equal(answer.status, 401, JSON.stringify(each));
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="portico"');
        assert.equal(answer.body.issue[0].code, 'login');
      }
  });

  it('REST 8: a token that opens nothing is 401 invalid_token', async () => {
    const flipped = `${client.token.slice(0, -2)}${client.token.endsWith('A') ? 'BB' : 'AA'}`;
    for (const token of ['x', 'a.b.c', flipped, `${client.token}=`, 'x'.repeat(9000)]) {
      const answer = await client.get('Patient/p', { anonymous: true, headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 401, token.slice(0, 20));
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="portico", error="invalid_token"');
      assert.equal(answer.body.issue[0].code, 'expired');
      assert.ok(!answer.text.includes(token) || token === 'x', 'the token is not repeated');
    }
  });

  it('REST 8: the scheme is read whatever its case, and the first Authorization counts', async () => {
    const lower = { authorization: `bearer  ${client.token}` };
    assert.equal((await client.get('Patient/p', { anonymous: true, headers: lower })).status, 200);
    const twice = { authorization: ['Bearer x', `Bearer ${client.token}`] };
    assert.equal((await raw(server.url, '/fhir/R4/Patient/p', { headers: twice })).status, 401);
  });

  it('REST 8: a token without the scope is 403 insufficient_scope, and says which scope it takes', async () => {
    const narrow = await server.client('system/Observation.rs system/Patient.s');
    for (const [path, scope] of [
      ['Patient/p', 'system/Patient.r'],
      ['Patient/nobody', 'system/Patient.r'],
      ['Patient/p/_history/1', 'system/Patient.r'],
      ['Encounter?status=finished', 'system/Encounter.s'],
    ] as const) {
      const answer = await narrow.get(path);
      assert.equal(answer.status, 403, path);
      assert.equal(answer.body.issue[0].code, 'forbidden');
      const challenge = `Bearer realm="portico", error="insufficient_scope", scope="${scope}"`;
      assert.equal(answer.headers.get('www-authenticate'), challenge);
    }
    const binary = await narrow.get('Binary/b');
    assert.equal(binary.status, 403);
    assert.match(binary.headers.get('www-authenticate') ?? '', /insufficient_scope/);
  });

  it('REST 8: a token in a URL or a form is refused, even a good one', async () => {
    for (const path of ['Patient/p', 'Patient', 'metadata', 'Binary/b']) {
      const answer = await refused(`${path}?access_token=${client.token}`, 400, 'token-in-url', { anonymous: true });
      assert.equal(answer.body.issue[0].code, 'security');
      assert.ok(!answer.text.includes(client.token));
      await refused(`${path}?access_token=x`, 400, 'token-in-url');
    }
    const lenient = { headers: { prefer: 'handling=lenient' } };
    const answer = await client.postSearch('Patient', { access_token: client.token }, lenient);
    assert.equal(answer.status, 400);
    assert.equal(code(answer), 'token-in-url');
  });

  it('THREAT 39: X-Organization-ID selects nothing, it can only agree', async () => {
    const path = '/fhir/R4/Patient/p';
    const agreeing = await raw(server.url, path, { headers: { ...headers, 'x-organization-id': TENANT } });
    assert.equal(agreeing.status, 200);
    const refused = async (other: string | string[], status: number, code: string): Promise<void> => {
      const answer = await raw(server.url, path, { headers: { ...headers, 'x-organization-id': other } });
      assert.equal(answer.status, status, String(other));
      assert.equal(JSON.parse(answer.text).issue[0].details.coding[0].code, code);
    };
    for (const other of [OTHER_TENANT, 'nobody', TENANT.toUpperCase()]) await refused(other, 403, 'wrong-organization');
    for (const none of ['', '*', `${TENANT},${OTHER_TENANT}`, [TENANT, TENANT]])
      await refused(none, 400, 'invalid-header');
    const anonymous = await raw(server.url, path, { headers: { 'x-organization-id': TENANT } });
    assert.equal(anonymous.status, 401, 'and it is no key');
  });

  it('REST 6: outside FHIR there is no FHIR, but an answer of a fixed shape', async () => {
    for (const path of ['/', '/fhir', '/fhir/R5/Patient', '/fhir/R4x', '/Patient/p']) {
      const { status, headers: answered, text } = await raw(server.url, path, { headers });
      assert.equal(status, 404, path);
      assert.match(String(answered['content-type']), /^application\/json/);
      assert.deepEqual(Object.keys(JSON.parse(text)), ['error', 'code', 'requestId']);
    }
  });

  it('REST 6: a client that hangs up while it sends troubles nobody', async () => {
    const { hostname, port } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const sent = request({
        ...{ hostname, port, path: '/fhir/R4/Patient/_search', method: 'POST' },
        headers: { ...headers, 'content-type': form, 'content-length': '1000' },
      });
      sent.on('error', () => resolve());
      sent.write('_id=');
      setTimeout(() => sent.destroy(), 50);
      sent.on('close', () => resolve());
    });
    assert.equal((await client.get('Patient/p')).status, 200);
  });
});
