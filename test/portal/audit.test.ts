import assert from 'node:assert/strict';
import { adminPages, loggedIn, patientPages, type Pages } from '../support/pages.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

describe('portal/audit', () => {
  let server: Server;
  let admin: Pages;

  before(async () => {
    server = await start();
    await server.save([
      { resourceType: 'Patient', id: 'p1', name: [{ family: 'Quietname' }] },
      { resourceType: 'Patient', id: 'p2', name: [{ family: 'Other' }] },
    ]);
    const client = await server.client('system/*.rs');
    await client.get('Patient/p1');
    await client.get('Patient?_id=p1,p2');
    await client.get('Patient/none');
    await (await patientPages(server, 'p2', { name: '=cmd|calc' })).get('/portal');
    await (await adminPages(server, { tenant: OTHER_TENANT, name: 'Foreign admin' })).get('/manager/users');
    admin = await adminPages(server, { name: 'Auditor' });
  });
  after(() => server.stop());

  const rowsOf = (page: string): string[] =>
    [...page.matchAll(/<tr role="row">(.*?)<\/tr>/gs)]
      .map(([, each]) => (each as string).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '))
      .slice(1);
  const find = async (query: string) => rowsOf((await admin.get(`/manager/audit?${query}`)).text);

  it('shows the events of the own organization, newest first, and no patient but by id', async () => {
    const page = (await admin.get('/manager/audit')).text;
    const rows = rowsOf(page);
    assert.ok(rows.some((row) => row.includes('Patient/p1') && row.includes('allowed (200)')));
    assert.ok(rows.findIndex((row) => row.includes('login')) < rows.findIndex((row) => row.includes('Patient/p1')));
    assert.ok(!page.includes('Foreign admin') && !page.includes('Quietname'));
  });

  it('filters by who, what, patient, outcome and day', async () => {
    assert.deepEqual(new Set((await find('what=login')).map((row) => /login/.test(row))), new Set([true]));
    assert.ok((await find('who=auditor')).every((row) => row.includes('Auditor')));
    const ofFirst = await find('patient=p1');
    assert.equal(ofFirst.length, 2, 'alone, and among others');
    assert.ok(ofFirst.some((row) => row.includes('search-type')));
    assert.equal((await find('outcome=refused&what=read')).length, 1);
    assert.deepEqual(await find('from=2999-01-01'), []);
    assert.deepEqual(await find('to=2000-01-01'), []);
    assert.ok((await find(`from=${new Date().toISOString().slice(0, 10)}`)).length > 3);
    const kept = (await admin.get('/manager/audit?who=%22%3E%3Cb%3E&outcome=failed')).text;
    assert.ok(kept.includes('value="&quot;>&lt;b>"'));
    assert.match(kept, /<option value="failed" selected/);
  });

  it('goes on where a page ended, and repeats nothing', async () => {
    const client = await server.client('system/*.rs');
    for (let count = 0; count < 60; count++) await client.get(`Patient/page-${String(count)}`);
    const first = (await admin.get('/manager/audit?what=read&outcome=refused')).text;
    const more = /href="(\/manager\/audit\?[^"]*after=[^"]+)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') as string;
    const second = (await admin.get(more)).text;
    const ids = [...rowsOf(first), ...rowsOf(second)].flatMap((row) => /page-\d+/.exec(row) ?? []);
    assert.equal(ids.length, 60);
    assert.equal(new Set(ids).size, 60);
  });

  it('VITALEDGE 10: downloads them as CSV that carries no formula, and records that', async () => {
    const { headers, text } = await admin.get('/manager/audit.csv?what=portal');
    assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"$/);
    const [heads, ...lines] = text.trim().split('\r\n');
    assert.match(heads as string, /^"time","user",/);
    assert.ok(lines.some((line) => line.includes(`"'=cmd|calc"`)));
    assert.doesNotMatch(text, /(^|,)"?[=+\-@]/m);
    for (const line of [heads, ...lines]) assert.equal((line as string).split('","').length, 14);
    assert.ok((await find('what=audit-export')).some((row) => row.includes('Auditor')));
  });

  it('comes to an end, and finds each once, where one moment has more events than are looked at in a portion', async () => {
    const at = Date.UTC(2020, 0, 1);
    const columns = 'organization_id, id, at, interaction, action, status, outcome, writer';
    const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 15600)';
    const rows = `select '${TENANT}', 'tie-' || i, ${String(at)} + i % 3, case when i > 100 then 'tied' else 'knot' end, 'R', 200, '0', 'x' from n`;
    await server.portico.own.commit({
      statements: [{ sql: `insert into audit (${columns}) ${numbers} ${rows}`, bindings: [] }],
    });
    const pages = async (query: string): Promise<string[]> => {
      const found: string[] = [];
      const seen = new Set<string>();
      for (let next: string | undefined = `/manager/audit?${query}`; next !== undefined;) {
        assert.ok(!seen.has(next), `${next} leads to itself`);
        seen.add(next);
        const { text } = await admin.get(next);
        found.push(...rowsOf(text));
        next = /href="(\/manager\/audit\?[^"]*after=[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
      }
      return found;
    };
    assert.equal((await pages('what=knot')).length, 100);
    assert.deepEqual(await pages('who=nobody-of-this-name'), []);
    assert.equal((await pages('what=knot&from=2020-01-01&to=2020-01-01')).length, 100);
    const { text } = await admin.get('/manager/audit.csv?what=knot');
    assert.equal(text.trim().split('\r\n').length - 1, 100);
  });

  it('opens to admins, also to those without keys, and to nobody else', async () => {
    for (const [pages, status] of [
      [await patientPages(server, 'p1'), 403],
      [await loggedIn(server, { roles: ['admin'] }), 200],
    ] as const)
      for (const path of ['/manager/audit', '/manager/audit.csv']) assert.equal((await pages.get(path)).status, status);
  });
});
