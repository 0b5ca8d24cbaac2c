import assert from 'node:assert/strict';
import { createLog } from '../../src/log.js';
import { Client, requestToken } from '../support/client.js';
import { asserting, assertion, backend, basic, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { raw } from '../support/raw.js';
import { start, type Server } from '../support/server.js';

const CANARY = 'Zzcanary';
/** What a client calls its parameters is told back to it, and to nobody else. */
const NAME = 'Zzname';
/** Where patient data belongs; everything else in the database may be read by an operator. */
const clinical =
  /^(patient|practitioner|organization|encounter|observation|document|communication|history|outbox|overflow|blob)/;

describe('attacks/canaries', () => {
  let server: Server;
  let client: Client;
  let written = '';
  const errors: string[] = [];
  const secrets: string[] = [];

  before(async () => {
    const output = { write: (line: string) => (written += line), flush: () => undefined, flushSync: () => undefined };
    const log = createLog('trace', output);
    server = await start({ log });
    await server.save([
      {
        ...{ resourceType: 'Patient', id: 'a', birthDate: '1980-01-01' },
        name: [{ family: `${CANARY}-family`, given: [`${CANARY}-given`] }],
        identifier: [{ system: 'urn:oid:1', value: `${CANARY}-mrn` }],
        telecom: [{ system: 'phone', value: `${CANARY}-phone` }],
      },
    ]);
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    client = await Client.login(server.url, credential);
    secrets.push(credential.secret, credential.secret.slice(-49), client.token);
  });
  after(() => server.stop());

  const ask = async (path: string, asked: Parameters<Client['ask']>[1] = {}): Promise<void> => {
    const answer = await client.ask(path, asked);
    if (answer.status >= 400) errors.push(answer.text, JSON.stringify([...answer.headers]));
  };
  const tell = async (
    url: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<void> => {
    const answer = await post(url, form, headers);
    if (answer.status >= 400) errors.push(answer.text, JSON.stringify([...answer.headers]));
  };

  it('THREAT 63: is asked with a canary in every input of FHIR', async () => {
    const inputs: [path: string, asked?: Parameters<Client['ask']>[1]][] = [
      ['Patient/a'],
      [`Patient?family=${CANARY}-family&given=${CANARY}-given`],
      [`Patient?identifier=urn:oid:1|${CANARY}-mrn`],
      [`Patient?${NAME}=${CANARY}`],
      [`Patient?${NAME}=${CANARY}`, { headers: { prefer: 'handling=lenient' } }],
      [`Patient?family:${NAME}=${CANARY}`],
      [`Patient?birthdate=${CANARY}`],
      [`Patient?_sort=${NAME}`],
      [`Patient?_include=${NAME}`],
      [`Patient?_count=${CANARY}`],
      [`Patient?_cursor=${CANARY}`],
      [`Patient?access_token=${CANARY}`],
      [`Patient?_elements=${NAME}`],
      [`Observation?value-quantity=${CANARY}`],
      [`Observation?code=${CANARY}|${CANARY}`],
      [`Patient/a?_format=${CANARY}`],
      [`Patient/a/_history/${CANARY}`],
      [`Patient/a/$${CANARY}`],
      [`${CANARY}/a`],
      [`Patient/${CANARY}_not_an_id`],
      [`Binary/${CANARY}_not_an_id`],
      ['Patient/a', { headers: { authorization: `Bearer ${CANARY}` } }],
      ['Patient/a', { headers: { authorization: `Basic ${CANARY}` } }],
      ['Patient/a', { headers: { authorization: `Bearer ${client.token}${CANARY}` } }],
      ['Patient/a', { headers: { 'x-organization-id': CANARY } }],
      ['Patient/a', { headers: { 'x-on-behalf-of': CANARY } }],
      ['Patient/a', { headers: { 'x-request-id': `${CANARY} "` } }],
      [
        'Patient/a',
        { headers: { 'user-agent': CANARY, referer: `https://x.example/${CANARY}`, cookie: `c=${CANARY}` } },
      ],
      ['Patient/a', { headers: { accept: `application/${CANARY}` } }],
      ['Patient/a', { headers: { prefer: CANARY, 'if-none-match': CANARY, origin: `https://${CANARY}.example` } }],
      ['Patient', { method: 'POST', body: `{"resourceType":"Patient","id":"${CANARY}"}` }],
      ['Patient/_search', { method: 'POST', body: new URLSearchParams({ family: CANARY, [NAME]: CANARY }) }],
      ['Patient/_search', { method: 'POST', body: CANARY.repeat(9000) }],
    ];
    for (const [path, asked] of inputs) await ask(path, asked);
    await raw(server.url, `/${CANARY}`);
    await raw(server.url, `/fhir/R4/Patient/%${CANARY}`);
  });

  it('THREAT 63: is asked with a canary in every input of OAuth', async () => {
    const { id, secret } = await server.credential({});
    const key = await makeClientKey('ES384');
    const service = await backend(server, { jwks: jwksOf(key) });
    const signed = await assertion(server, service, key);
    secrets.push(secret, secret.slice(-49), signed);
    const cc = { grant_type: 'client_credentials' };
    for (const path of ['token', 'introspect', 'revoke']) {
      const url = `${server.url}/oauth/${path}`;
      await tell(url, cc, basic({ id: CANARY, secret: CANARY }));
      await tell(url, cc, basic({ id, secret: CANARY }));
      await tell(url, { ...cc, client_id: id, client_secret: `${secret}${CANARY}` });
      await tell(url, { ...cc, scope: CANARY, token: CANARY, resource: CANARY }, basic({ id, secret }));
      await tell(url, { ...cc, token: `ptr_${CANARY}`, token_type_hint: CANARY }, basic({ id, secret }));
      await tell(url, { grant_type: CANARY }, basic({ id, secret }));
      await tell(url, { ...cc, [CANARY]: CANARY }, { authorization: CANARY });
      await tell(url, asserting(CANARY));
      await tell(url, asserting(`${signed}${CANARY}`));
      await tell(url, asserting(signed, CANARY));
      await tell(
        `${url}?x=${CANARY}`,
        { grant_type: 'refresh_token', refresh_token: `ptr_${CANARY}` },
        basic({ id, secret }),
      );
    }
    const { body } = await requestToken(server.url, { id, secret });
    secrets.push(body.access_token as string);
  });

  it('THREAT 63: meets a database that fails with the values in its words', async () => {
    const { source } = server.portico;
    const arrays = source.arrays.bind(source);
    const fault = Object.assign(new Error(`invalid input syntax for type bigint: "${CANARY}-message"`), {
      ...{ code: '22P02', severity: 'ERROR', routine: 'x' },
      ...{ detail: `Key (family)=(${CANARY}-detail) is there`, where: CANARY, hint: CANARY, internalQuery: CANARY },
      parameters: [`${CANARY}-parameter`],
      cause: new SyntaxError(`Unexpected token 'Z', "${CANARY}" is not valid JSON`),
    });
    Object.assign(source, { arrays: () => Promise.reject(fault) });
    try {
      await ask(`Patient?family=${CANARY}`);
    } finally {
      Object.assign(source, { arrays });
    }
    assert.match(written, /"unexpected error"/);
    assert.match(written, /22P02/, 'what went wrong can be found');
  });

  it('THREAT 63, 64, 67: no word of it is in the log, in an error, or in a table that holds no patients', async () => {
    await server.portico.trail.flush();
    await new Promise((wait) => setTimeout(wait, 50));
    const texts: [where: string, text: string][] = [
      ['the log', written],
      ['errors', errors.join('\n')],
    ];
    const knex = await server.portico.own.knex();
    for (const table of await tables(server))
      if (!clinical.test(table)) texts.push([table, JSON.stringify(await knex(table).select('*'))]);
    assert.ok(errors.length > 60);
    assert.ok(written.split('\n').length > 60);
    assert.ok(texts.some(([where, text]) => where === 'audit' && text.length > 1000));
    for (const [where, text] of texts) {
      if (where !== 'errors') assert.ok(!text.includes(NAME), where);
      const at = text.indexOf(CANARY);
      assert.equal(at, -1, `${where}: ${text.slice(Math.max(0, at - 200), at + 100)}`);
      for (const secret of secrets) assert.ok(!text.includes(secret), `a secret in ${where}`);
    }
  });
});

async function tables({ portico: { own } }: Server): Promise<string[]> {
  const listing =
    own.dialect.name === 'sqlite'
      ? `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`
      : `select table_name as name from information_schema.tables where table_schema = 'public'`;
  return (await own.objects(listing, [])).map(({ name }) => name as string);
}
