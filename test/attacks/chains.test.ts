import assert from 'node:assert/strict';
import { codeOf } from '../search/describe-search.js';
import { Client, matches } from '../support/client.js';
import { OTHER_TENANT, type Server } from '../support/server.js';
import { observation, patient } from '../search/resources.js';
import { startRecords, to } from './records.js';

describe('attacks: chains', () => {
  let server: Server;
  let organization: Client;
  let portal: Client;

  before(async () => {
    server = await startRecords();
    await server.save([patient('a', { name: [{ family: 'Foreign' }] })], OTHER_TENANT);
    await server.save([observation('a3', { subject: to('Patient/a'), hasMember: [to('Observation/a1')] })]);
    organization = await server.client();
    portal = await server.portal('a');
  });
  after(() => server.stop());

  const ids = async (client: Client, path: string): Promise<string> => {
    const { status, body, text } = await client.get(path);
    assert.equal(status, 200, `${path} ${text}`);
    const found = matches(body).map(({ id }) => id as string);
    for (const more of ['&_summary=count', '&_count=1&_total=accurate'])
      assert.equal((await client.get(`${path}${more}`)).body.total, found.length, `${path}${more}`);
    return found.sort().join(' ');
  };

  it('THREAT 45: no question about another patient answers anything but what it answers of nobody', async () => {
    for (const [path, found] of [
      ['Observation?focus:Patient.family=hidden', 'a1'],
      ['Observation?has-member.value-string=hidden', 'a1'],
      ['Observation?has-member.patient.family=hidden', 'a1'],
      ['Observation?focus._id=b', 'a1'],
      ['Observation?has-member.subject:missing=false', 'a1 a3'],
      ['Observation?has-member._id:not=a1', 'a1'],
      ['Practitioner?_has:Observation:performer:value-string=hidden', 'doc'],
      ['Practitioner?_has:Observation:performer:patient.family=hidden', 'doc'],
      ['Practitioner?_has:Patient:general-practitioner:family=hidden', 'doc'],
      ['Practitioner?_has:Observation:performer:_id=nobody', 'doc'],
      ['Patient?_has:Observation:focus:_has:Observation:has-member:_id=a3', 'b'],
      ['Patient?general-practitioner:Practitioner._has:Observation:performer:value-string=hidden', 'a b'],
      ['Patient?_has:DocumentReference:author:_id=both-doc', 'b'],
    ] as const) {
      assert.equal(await ids(organization, path), found, path);
      const own = path.includes(':missing=false') ? 'a3' : '';
      assert.equal(await ids(portal, path), own, path);
    }
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT 45: a name cannot be guessed letter by letter', async () => {
    const answers = new Set<string>();
    for (const letter of 'abcdefghijklmnopqrstuvwxyz')
      for (const path of [`Observation?focus:Patient.family=${letter}`, `Observation?patient.family=${letter}`])
        answers.add(await ids(portal, path));
    assert.deepEqual([...answers], ['']);
  });

  it('THREAT 45: what is the own patient’s is found', async () => {
    assert.equal(await ids(portal, 'Observation?patient.general-practitioner=doc'), 'a1 a3');
    assert.equal(await ids(portal, 'Practitioner?_has:Observation:performer:patient._id=a'), 'doc');
  });

  it('THREAT 38: nor of another organization', async () => {
    assert.equal(await ids(organization, 'Observation?patient.family=foreign'), '');
    const theirs = await server.client(undefined, OTHER_TENANT);
    assert.equal(await ids(theirs, 'Observation?patient.family=foreign'), 'theirs');
    assert.equal(await ids(theirs, 'Patient?_has:Observation:patient:performer=doc'), '');
  });

  it('THREAT 45: a scope must allow to search every type on the way', async () => {
    for (const [scope, path, status] of [
      ['system/Observation.rs', 'Observation?patient.family=hidden', 403],
      ['system/Observation.rs', 'Observation?has-member.patient.family=hidden', 403],
      ['system/Observation.rs', 'Observation?has-member.value-string=hidden', 200],
      ['system/Observation.rs system/Patient.r', 'Observation?patient.family=hidden', 403],
      ['system/Observation.rs system/Patient.s', 'Observation?patient.family=hidden', 200],
      ['system/Patient.rs', 'Patient?_has:Observation:patient:value-string=hidden', 403],
      ['system/Patient.rs system/Observation.s?category=vital-signs', 'Patient?_has:Observation:patient:_id=b1', 200],
      ['system/patients.read', 'Patient?_has:Observation:patient:_id=b1', 403],
      ['system/patients.read system/vitals.read', 'Patient?_has:Observation:patient:_id=b1', 200],
    ] as const) {
      const asking = await Client.login(server.url, await server.credential({ scopeCeiling: scope }), scope);
      const { body, ...answer } = await asking.get(path);
      assert.equal(answer.status, status, `${scope}: ${path}`);
      if (status === 403) assert.equal(codeOf(body), 'insufficient-scope');
      // A scope that opens part of a type asks of that part alone.
      else if (path.includes('_has')) assert.equal(body.total, 0, scope);
      else assert.equal(body.total, 1, `${scope}: ${path}`);
    }
  });

  it('REST 32: lenient handling leaves out what is not supported, and never what is forbidden', async () => {
    const headers = { prefer: 'handling=lenient' };
    const { status, body } = await organization.get('Observation?patient.nonsense=x&_id=a1', { headers });
    assert.equal(status, 200);
    assert.equal(body.total, 1);
    assert.doesNotMatch(body.link[0].url, /nonsense/);
    const observations = await server.client('system/Observation.rs');
    assert.equal((await observations.get('Observation?patient.family=x', { headers })).status, 403);
  });
});
