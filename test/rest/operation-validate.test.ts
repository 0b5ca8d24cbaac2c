import assert from 'node:assert/strict';
import { observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { goldens } from '../support/golden.js';
import { BORN, GRADED, GRADES, MOOD, packageOfProfile } from '../support/profile.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

describe('rest: $validate, and the table of operations', () => {
  const packed = packageOfProfile();
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start({ env: { PORTICO_FHIR_PACKAGES: packed.path } });
    client = await server.client();
    await server.save(goldens.map((each) => JSON.parse(each.text(server.base))));
    await server.save([patient('p'), patient('q', { meta: { profile: [BORN] }, birthDate: '2000' })]);
  });
  after(async () => {
    await server.stop();
    packed.remove();
  });

  /** What was found, as `severity code expression`; every issue says where it is. */
  const told = ({ status, body, text }: Answer): string[] => {
    assert.equal(status, 200, text);
    assert.equal(body.resourceType, 'OperationOutcome');
    return body.issue.map(({ severity, code, expression }: any) => {
      assert.ok(expression.length > 0, text);
      return `${severity} ${code} ${expression.join(' ')}`;
    });
  };
  const fine = ['information informational Patient'];
  const asked = (path: string, resource: object, by: Client = client): Promise<Answer> =>
    by.send('POST', path, resource);
  const parameters = (...parameter: object[]): object => ({ resourceType: 'Parameters', parameter });

  it('REST 29: answers 200 with what is wrong, each with where it is', async () => {
    assert.deepEqual(told(await asked('Patient/$validate', patient('x'))), fine);
    assert.deepEqual(told(await asked('Patient/$validate', { resourceType: 'Patient' })), fine);
    const wrong = patient('x', { birthDate: '2024-13-01', nothing: 1, name: [{ given: 'x' }] });
    const found = told(await asked('Patient/$validate', wrong));
    for (const path of ['Patient.birthDate', 'Patient.nothing'])
      assert.ok(
        found.some((each) => each.startsWith('error') && each.endsWith(path)),
        `${path} in ${found.join(', ')}`,
      );
    assert.deepEqual(told(await asked('Patient/$validate', observation('x'))), ['error invalid Patient.resourceType']);
  });

  it('REST 29: takes Parameters or the resource, and mode and profile in either place', async () => {
    const resource = patient('x');
    for (const [path, body] of [
      ['Patient/$validate', parameters({ name: 'resource', resource })],
      ['Patient/$validate?mode=create', resource],
      ['Patient/$validate', parameters({ name: 'mode', valueCode: 'create' }, { name: 'resource', resource })],
      ['Patient/$validate?mode=profile', parameters({ name: 'resource', resource })],
    ] as const)
      assert.deepEqual(told(await asked(path, body)), fine, path);
    const missing = ['error structure Patient.birthDate'];
    assert.deepEqual(told(await asked(`Patient/$validate?profile=${BORN}`, resource)), missing);
    const given = parameters({ name: 'profile', valueCanonical: `${BORN}|1.0` }, { name: 'resource', resource });
    assert.deepEqual(told(await asked('Patient/$validate', given)), missing);
    const claiming = patient('x', { meta: { profile: [BORN] } });
    assert.deepEqual(told(await asked('Patient/$validate', claiming)), missing);
    assert.deepEqual(told(await asked(`Patient/$validate?profile=${BORN}`, patient('x', { birthDate: '2000' }))), fine);
    const base = 'http://hl7.org/fhir/StructureDefinition/Patient';
    assert.deepEqual(told(await asked(`Patient/$validate?profile=${base}`, resource)), fine);
    for (const above of ['DomainResource', 'Resource|4.0.1', 'Patient|4.0.1'])
      assert.deepEqual(
        told(await asked(`Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/${above}`, resource)),
        fine,
        above,
      );
    assert.deepEqual(told(await asked('Patient/$validate?profile=urn:x', resource)), ['error not-supported Patient']);
    assert.deepEqual(told(await asked(`Observation/$validate?profile=${BORN}`, observation('x'))), [
      'error not-supported Observation',
    ]);
  });

  it('REST 21, 29: the codes and extensions of a package are enforced where its profiles are claimed, and told of', async () => {
    const coding = [{ system: GRADES, code: 'graded' }];
    const graded = (more: object): object => ({
      ...{ resourceType: 'Observation', meta: { profile: [GRADED] }, status: 'final', code: { text: 'x' } },
      ...{
        category: [{ coding }],
        component: [{ code: { coding: [{ system: GRADES, code: 'a' }] }, valueInteger: 1 }],
      },
      ...more,
    });
    const secret = 'Lindqvist';
    const wrong = graded({ valueCodeableConcept: { coding: [{ system: GRADES, code: secret }] } });
    const refused = await client.send('POST', 'Observation', wrong);
    assert.equal(refused.status, 422);
    assert.deepEqual(
      refused.body.issue.map(({ code, expression }: any) => `${code} ${expression}`),
      ['code-invalid Observation.valueCodeableConcept'],
    );
    assert.doesNotMatch(refused.text, new RegExp(secret));
    assert.deepEqual(told(await asked('Observation/$validate', wrong)), [
      'information not-supported Observation.code',
      'error code-invalid Observation.valueCodeableConcept',
    ]);
    const right = await client.send('POST', 'Observation', graded({ valueCodeableConcept: { coding } }));
    assert.equal(right.status, 201, right.text);
    const moody = patient('x', { extension: [{ url: MOOD, valueCode: 'c' }] });
    assert.equal((await client.send('POST', 'Patient', moody)).status, 422);
    const claiming = patient('x', { meta: { profile: ['urn:oid:2.999.404'] } });
    assert.deepEqual(told(await asked('Patient/$validate', claiming)), [
      'information not-found Patient.meta.profile[0]',
    ]);
    assert.equal((await client.send('POST', 'Patient', claiming)).status, 201);
  });

  it('REST 29: mode says whether the write would be done, and does not do it', async () => {
    assert.deepEqual(told(await asked('Patient/$validate?mode=update', patient('p'))), fine);
    assert.deepEqual(told(await asked('Patient/p/$validate?mode=update', patient('p'))), fine);
    assert.deepEqual(told(await asked('Patient/new/$validate?mode=update', patient('new'))), fine);
    assert.deepEqual(told(await asked('Patient/p/$validate?mode=update', patient('other'))), [
      'error invalid Patient.id',
    ]);
    assert.deepEqual(told(await asked('Patient/$validate?mode=update', { resourceType: 'Patient' })), [
      'error required Patient.id',
    ]);
    const writing = { kind: 'portal', patient: 'q', scopeCeiling: 'patient/*.cruds' } as const;
    const ofQ = await Client.login(server.url, await server.credential(writing));
    const [of, about] = [{ subject: { reference: 'Patient/q' } }, { focus: [{ reference: 'Patient/p' }] }];
    const mine = await asked('Observation/$validate?mode=create', observation('x', of), ofQ);
    assert.deepEqual(told(mine), ['information informational Observation']);
    const [issue] = told(await asked('Observation/$validate?mode=create', observation('x', { ...of, ...about }), ofQ));
    assert.match(issue ?? '', /^error/);
    const stale = await client.send('POST', 'Patient/p/$validate?mode=update', patient('p'), { 'if-match': 'W/"7"' });
    assert.match(told(stale)[0] ?? '', /^error conflict/);
    assert.deepEqual(told(await client.ask('Patient/p/$validate?mode=delete', { method: 'POST' })), fine);
    assert.equal((await client.get('Patient/new')).status, 404);
    assert.equal((await client.get('Patient/p')).body.meta.versionId, '1');
    assert.equal((await client.get('Patient/p/_history')).body.total, 1);
  });

  it('REST 29: validates what is stored, by GET too', async () => {
    assert.deepEqual(told(await client.get('Patient/p/$validate')), fine);
    assert.deepEqual(told(await client.get(`Patient/q/$validate?mode=profile&profile=${BORN}`)), fine);
    assert.deepEqual(told(await client.get(`Patient/p/$validate?profile=${BORN}`)), [
      'error structure Patient.birthDate',
    ]);
    assert.deepEqual(told(await client.ask('Patient/p/$validate', { method: 'POST' })), fine);
    assert.equal((await client.get('Patient/nobody/$validate')).status, 404);
  });

  it('REST 5, 29: what cannot be validated is refused', async () => {
    const refused: [path: string, body: string, status: number][] = [
      ['Patient/$validate', '{', 400],
      ['Patient/$validate', '{}', 400],
      ['Patient/$validate', JSON.stringify(parameters()), 400],
      ['Patient/$validate?mode=x', JSON.stringify(patient('x')), 400],
      ['Patient/$validate?mode=delete', JSON.stringify(parameters()), 400],
      ['Patient/p/$validate?mode=update', JSON.stringify(parameters()), 400],
      ['Patient/$validate?x=1', JSON.stringify(patient('x')), 400],
      ['Patient/$validate', JSON.stringify(parameters({ name: 'other', resource: patient('x') })), 400],
      [`Patient/${'x'.repeat(65)}/$validate`, JSON.stringify(patient('x')), 404],
    ];
    for (const [path, body, status] of refused)
      assert.equal((await client.send('POST', path, body)).status, status, `${path} ${body}`);
  });

  it('SMART: $validate needs the letter of its mode, and a patient sees that patient only', async () => {
    const status = async (scope: string, path: string): Promise<number> =>
      (await (await server.client(scope)).send('POST', path, patient('p'))).status;
    for (const [scope, path, expected] of [
      ['system/Patient.c', 'Patient/$validate?mode=create', 200],
      ['system/Patient.ruds', 'Patient/$validate?mode=create', 403],
      ['system/Patient.u', 'Patient/p/$validate?mode=update', 200],
      ['system/Patient.crds', 'Patient/p/$validate?mode=update', 403],
      ['system/Patient.d', 'Patient/p/$validate?mode=delete', 200],
      ['system/Patient.crus', 'Patient/p/$validate?mode=delete', 403],
      ['system/Patient.s', 'Patient/$validate', 200],
      ['system/Observation.cruds', 'Patient/$validate', 403],
    ] as const)
      assert.equal(await status(scope, path), expected, `${scope} ${path}`);
    const portal = await server.portal('q');
    assert.equal((await portal.get('Patient/q/$validate')).status, 200);
    const hidden = await portal.get('Patient/p/$validate');
    assert.equal(hidden.status, 404);
    assert.equal(hidden.text, (await portal.get('Patient/nobody/$validate')).text);
    const other = await server.client(undefined, OTHER_TENANT);
    assert.equal((await other.get('Patient/p/$validate')).status, 404);
    const updater = await server.client('system/Patient.u');
    assert.equal((await updater.get('Patient/p/$validate')).status, 403);
  });

  it('THREAT 38, 41: $validate tells nothing of what is hidden: it is as what is not there', async () => {
    const document = (more: object): object => ({
      ...{ resourceType: 'DocumentReference', status: 'current', subject: { reference: 'Patient/q' } },
      ...{ type: { text: 'x' }, content: [{ attachment: { contentType: 'text/plain', url: 'Binary/nobody' } }] },
      ...more,
    });
    const inline = { content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }] };
    const stored = await client.send(
      'POST',
      'DocumentReference',
      document({ ...inline, subject: { reference: 'Patient/p' } }),
    );
    const theirs = await (
      await server.client(undefined, OTHER_TENANT)
    ).send('POST', 'DocumentReference', document({ ...inline, subject: { reference: 'Patient/x' } }));
    const sent = await client.ask('Binary', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'z' });
    const urls = [
      ...[stored, theirs].map(({ body }) => body.content[0].attachment.url as string),
      `Binary/${sent.headers.get('location')!.split('/').at(-3)!}`,
    ];
    const pinned = { patient: 'q', scopeCeiling: 'patient/*.cruds' };
    const patientOfQ = await Client.login(server.url, await server.credential(pinned));
    const ask = async (more: object): Promise<string> => {
      const { status, text } = await asked('DocumentReference/$validate?mode=create', document(more), patientOfQ);
      assert.equal(status, 200);
      return text;
    };
    const unknown = await ask({});
    assert.match(unknown, /Binary of another patient, or none that there is/);
    for (const url of urls)
      assert.equal(await ask({ content: [{ attachment: { contentType: 'text/plain', url } }] }), unknown, url);
    for (const id of ['nobody', stored.body.id, theirs.body.id]) {
      const relatesTo = [{ code: 'replaces', target: { reference: `DocumentReference/${String(id)}` } }];
      assert.match(await ask({ ...inline, relatesTo }), /names nothing that the token opens/);
    }
    assert.deepEqual(told(await asked('DocumentReference/$validate?mode=create', document(inline), patientOfQ)), [
      'information informational DocumentReference',
    ]);
    for (const id of ['p', 'nobody'])
      assert.equal((await asked(`Patient/${id}/$validate?mode=update`, patient(id), patientOfQ)).status, 404, id);
  });

  it('REST 54, 55: every declared operation works, every other one is refused', async () => {
    const { body } = await client.get('metadata');
    const resources: any[] = body.rest[0].resource;
    const sample = new Map<string, object>();
    for (const each of goldens) {
      const resource = JSON.parse(each.text(server.base));
      sample.set(resource.resourceType, resource);
    }
    // What only a scope of its name opens.
    const subscriber = await server.client('system/Subscription.cruds system/Observation.rs');
    const subscription = await subscriber.send('POST', 'Subscription', {
      ...{ resourceType: 'Subscription', status: 'requested', reason: 'A test', criteria: 'Observation?code=x' },
      channel: { type: 'rest-hook', endpoint: 'https://ehr.example/hook' },
    });
    assert.equal(subscription.status, 201, subscription.text);
    const subscribed = `Subscription/${subscription.body.id}`;
    const working: Record<string, (type: string) => [method: string, path: string, body?: object][]> = {
      validate: (type) => [
        ['POST', `${type}/$validate`, sample.get(type) ?? { resourceType: type }],
        ...(sample.has(type) ? [['GET', `${type}/${(sample.get(type) as any).id}/$validate`] as [string, string]] : []),
      ],
      everything: () => [
        ['GET', 'Patient/p/$everything'],
        ['POST', 'Patient/p/$everything', parameters()],
      ],
      docref: () => [
        ['GET', 'DocumentReference/$docref?patient=p'],
        ['POST', 'DocumentReference/$docref', parameters({ name: 'patient', valueId: 'p' })],
      ],
      lastn: () => [
        ['GET', 'Observation/$lastn?patient=p&code=x'],
        ['POST', 'Observation/$lastn?patient=p', parameters({ name: 'code', valueString: 'x' })],
      ],
      status: () => [
        ['GET', `${subscribed}/$status`],
        ['GET', 'Subscription/$status'],
        ['POST', 'Subscription/$status', parameters()],
      ],
      events: () => [
        ['GET', `${subscribed}/$events`],
        ['POST', `${subscribed}/$events`, parameters()],
      ],
    };
    const definitions: Record<string, string> = {
      validate: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
      everything: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
      docref: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
      lastn: 'http://hl7.org/fhir/OperationDefinition/Observation-lastn',
      status: 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status',
      events: 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events',
    };
    const seen = new Set<string>();
    for (const { type, operation = [] } of resources) {
      const names = operation.map(({ name }: any) => name as string);
      assert.deepEqual(names, [...new Set(names)]);
      for (const { name, definition } of operation) {
        seen.add(name as string);
        assert.equal(definition, definitions[name as string], name as string);
        for (const [method, path, sent] of (working[name as string] ?? assert.fail(name as string))(type as string)) {
          const by = path.startsWith('Subscription') ? subscriber : client;
          const answer = sent ? await by.send(method, path, sent) : await by.ask(path, { method });
          assert.equal(answer.status, 200, `${method} ${path} ${answer.text}`);
        }
      }
      for (const name of [...Object.keys(definitions), 'export', 'meta', 'nothing'])
        for (const path of [`${type}/$${name}`, `${type}/p/$${name}`, `${type}/p/_history/1/$${name}`])
          for (const method of ['GET', 'POST'])
            if (!names.includes(name) || path.includes('_history')) {
              const { status } = await client.ask(path, { method });
              assert.ok(status === 404 || status === 405, `${method} ${path}: ${String(status)}`);
            }
    }
    assert.deepEqual([...seen].sort(), Object.keys(definitions).sort());
  });
});
