import assert from 'node:assert/strict';
import { patient } from '../search/resources.js';
import type { Answer, Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';

const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

describe('rest: patch', () => {
  let server: Server;
  let client: Client;
  let count = 0;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  /** A new resource, patched: the answer, and the resource without id and meta. */
  async function patched(resource: any, patch: object, headers: Record<string, string>): Promise<[Answer, any]> {
    const path = `${resource.resourceType}/p${String(++count)}`;
    const put = await client.send('PUT', path, { ...resource, id: `p${String(count)}` });
    assert.equal(put.status, 201, put.text);
    const answer = await client.send('PATCH', path, patch, headers);
    const { status, body, text } = await client.get(path);
    assert.equal(status, 200);
    if (answer.status === 200) assert.equal(answer.text, text);
    else assert.equal(body.meta.versionId, '1', 'nothing was written');
    const { id: _id, meta: _meta, resourceType: _type, ...rest } = body;
    return [answer, rest];
  }
  const json = (resource: any, ...operations: object[]): Promise<[Answer, any]> =>
    patched(resource, operations, JSON_PATCH);

  const part = (name: string, value: object): object => ({ name, ...value });
  const operation = (type: string, path: string, ...more: object[]): object => ({
    name: 'operation',
    part: [part('type', { valueCode: type }), part('path', { valueString: path }), ...more],
  });
  const fhirPath = (resource: any, ...operations: object[]): Promise<[Answer, any]> =>
    patched(resource, { resourceType: 'Parameters', parameter: operations }, {});

  const named = (): object => patient('x', { name: [{ family: 'A', given: ['B', 'C'] }], birthDate: '1970-01-01' });

  it('REST 25: JSON Patch: every operation does what RFC 6902 says', async () => {
    const cases: [operations: object[], expected: object][] = [
      [[], {}],
      [[{ op: 'add', path: '/gender', value: 'male' }], { gender: 'male' }],
      [[{ op: 'add', path: '/birthDate', value: '1980-01-01' }], { birthDate: '1980-01-01' }],
      [[{ op: 'add', path: '/name/0/given/1', value: 'X' }], { name: [{ family: 'A', given: ['B', 'X', 'C'] }] }],
      [[{ op: 'add', path: '/name/0/given/-', value: 'X' }], { name: [{ family: 'A', given: ['B', 'C', 'X'] }] }],
      [[{ op: 'remove', path: '/name/0/given/0' }], { name: [{ family: 'A', given: ['C'] }] }],
      [[{ op: 'remove', path: '/birthDate' }], { birthDate: undefined }],
      [[{ op: 'replace', path: '/name/0/family', value: 'X' }], { name: [{ family: 'X', given: ['B', 'C'] }] }],
      [
        [{ op: 'move', from: '/name/0/given/0', path: '/name/0/given/1' }],
        { name: [{ family: 'A', given: ['C', 'B'] }] },
      ],
      [
        [{ op: 'copy', from: '/name/0', path: '/name/-' }],
        {
          name: [
            { family: 'A', given: ['B', 'C'] },
            { family: 'A', given: ['B', 'C'] },
          ],
        },
      ],
      [
        [
          { op: 'test', path: '/name/0', value: { given: ['B', 'C'], family: 'A' } },
          { op: 'copy', from: '/name/0/given', path: '/name/0/prefix' },
          { op: 'replace', path: '/name/0/given/0', value: 'X' },
        ],
        { name: [{ family: 'A', given: ['X', 'C'], prefix: ['B', 'C'] }] },
      ],
    ];
    for (const [operations, expected] of cases) {
      const [answer, found] = await json(named(), ...operations);
      assert.equal(answer.status, 200, `${JSON.stringify(operations)} ${answer.text}`);
      const { resourceType: _type, id: _id, ...before } = named() as any;
      assert.deepEqual(found, JSON.parse(JSON.stringify({ ...before, ...expected })), JSON.stringify(operations));
    }
  });

  it('REST 25: JSON Patch: what does not fit is 422 and names the operation; what is none is 400; nothing is written', async () => {
    const cases: [operations: unknown, status: number, error: string][] = [
      [[{ op: 'test', path: '/birthDate', value: '1970-01-02' }], 422, 'patch-failed'],
      [
        [
          { op: 'add', path: '/gender', value: 'male' },
          { op: 'test', path: '/gender', value: 'x' },
        ],
        422,
        'patch-failed',
      ],
      [[{ op: 'remove', path: '/gender' }], 422, 'patch-failed'],
      [[{ op: 'replace', path: '/gender', value: 'male' }], 422, 'patch-failed'],
      [[{ op: 'add', path: '/a/b', value: 1 }], 422, 'patch-failed'],
      [[{ op: 'add', path: '/name/5', value: {} }], 422, 'patch-failed'],
      [[{ op: 'add', path: '/name/01', value: {} }], 422, 'patch-failed'],
      [[{ op: 'remove', path: '/name/-' }], 422, 'patch-failed'],
      [[{ op: 'remove', path: '/name/length' }], 422, 'patch-failed'],
      [[{ op: 'move', from: '/name', path: '/name/0' }], 422, 'patch-failed'],
      [[{ op: 'replace', path: '', value: { resourceType: 'Patient', id: 'x' } }], 422, 'patch-failed'],
      [[{ op: 'remove', path: '' }], 422, 'patch-failed'],
      [[{ op: 'replace', path: '/id', value: 'other' }], 422, 'patch-failed'],
      [[{ op: 'remove', path: '/id' }], 422, 'patch-failed'],
      [[{ op: 'replace', path: '/resourceType', value: 'Group' }], 422, 'patch-failed'],
      [[{ op: 'add', path: '/colour', value: 'red' }], 400, 'invalid-resource'],
      [[{ op: 'add', path: '/birthDate', value: '1970-02-30' }], 400, 'invalid-resource'],
      [[{ op: 'spin', path: '/name' }], 400, 'invalid-patch'],
      [[{ op: 'add', path: 'name', value: 1 }], 400, 'invalid-patch'],
      [[{ op: 'add', path: '/~2', value: 1 }], 400, 'invalid-patch'],
      [[{ op: 'add', path: '/name' }], 400, 'invalid-patch'],
      [[{ op: 'move', path: '/name' }], 400, 'invalid-patch'],
      [Array.from({ length: 1001 }, () => ({ op: 'test', path: '/id', value: 'x' })), 400, 'invalid-patch'],
      [{}, 400, 'invalid-patch'],
      [[null], 400, 'invalid-patch'],
      ['x', 400, 'invalid-json'],
    ];
    for (const [operations, status, error] of cases) {
      const [answer, found] = await patched(named(), operations as object, JSON_PATCH);
      assert.equal(answer.status, status, `${JSON.stringify(operations)} ${answer.text}`);
      assert.equal(answer.body.issue[0].details.coding?.[0].code ?? error, error, JSON.stringify(operations));
      assert.equal(found.gender, undefined);
    }
    const [second] = await json(named(), { op: 'add', path: '/gender', value: 'male' }, { op: 'remove', path: '/x' });
    assert.match(second.body.issue[0].details.text as string, /Operation 1 /);
  });

  it('THREAT 71: no patch reaches what all objects share', async () => {
    for (const path of [
      '/__proto__/polluted',
      '/constructor/prototype/polluted',
      '/name/__proto__/polluted',
      '/name/0/constructor/polluted',
    ]) {
      const text = `[{"op":"add","path":"${path}","value":true}]`;
      const [answer] = await patched(named(), text as unknown as object, JSON_PATCH);
      assert.ok(answer.status === 422 || answer.status === 400, answer.text);
    }
    const copied = await json(named(), { op: 'copy', from: '/__proto__', path: '/name/0/x' });
    assert.equal(copied[0].status, 422);
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const [answer] = await fhirPath(
        named(),
        operation('add', 'Patient', part('name', { valueString: name }), part('value', { valueString: 'x' })),
      );
      assert.equal(answer.status, 422, answer.text);
    }
    assert.equal(({} as any).polluted, undefined);
  });

  it('REST 25: FHIRPath Patch: every operation does what R4 says', async () => {
    const name = (value: string): object => part('name', { valueString: value });
    const value = (each: object): object => part('value', each);
    const at = (which: string, index: number): object => part(which, { valueInteger: index });
    const cases: [operations: object[], expected: object][] = [
      [[operation('add', 'Patient', name('gender'), value({ valueCode: 'male' }))], { gender: 'male' }],
      [
        [operation('add', 'Patient.name', name('given'), value({ valueString: 'X' }))],
        { name: [{ family: 'A', given: ['B', 'C', 'X'] }] },
      ],
      [
        [operation('add', 'Patient', name('name'), value({ valueHumanName: { family: 'X' } }))],
        { name: [{ family: 'A', given: ['B', 'C'] }, { family: 'X' }] },
      ],
      [[operation('add', 'Patient', name('deceased'), value({ valueBoolean: true }))], { deceasedBoolean: true }],
      [
        [
          operation(
            'add',
            'Patient',
            name('contact'),
            value({
              part: [
                part('name', { valueHumanName: { family: 'X' } }),
                part('telecom', { valueContactPoint: { system: 'phone', value: '1' } }),
                part('telecom', { valueContactPoint: { system: 'phone', value: '2' } }),
              ],
            }),
          ),
        ],
        { contact: [{ name: { family: 'X' }, telecom: ['1', '2'].map((value) => ({ system: 'phone', value })) }] },
      ],
      [
        [operation('insert', 'Patient.name[0].given', at('index', 1), value({ valueString: 'X' }))],
        { name: [{ family: 'A', given: ['B', 'X', 'C'] }] },
      ],
      [[operation('delete', 'Patient.birthDate')], { birthDate: undefined }],
      [[operation('delete', 'Patient.gender')], {}],
      [[operation('delete', "Patient.name.where(family = 'A').given[0]")], { name: [{ family: 'A', given: ['C'] }] }],
      [[operation('delete', "Patient.name.where(family = 'Z')")], {}],
      [[], {}],
      // What is left without an element goes too, as in HL7's own test cases.
      [
        [
          operation('delete', 'Patient.name.given[1]'),
          operation('delete', 'Patient.name.given[0]'),
          operation('delete', 'Patient.name.family'),
        ],
        { name: undefined },
      ],
      [
        [
          operation(
            'add',
            'Patient',
            name('contact'),
            value({
              part: [
                part('name', { valueHumanName: { text: 'X' } }),
                part('organization', { valueReference: { display: 'Y' } }),
              ],
            }),
          ),
          operation('delete', 'Patient.contact[0].name.text'),
        ],
        { contact: [{ organization: { display: 'Y' } }] },
      ],
      [[operation('replace', 'Patient.birthDate', value({ valueDate: '1980-01-01' }))], { birthDate: '1980-01-01' }],
      [
        [operation('replace', 'Patient.name.first().given.last()', value({ valueString: 'X' }))],
        { name: [{ family: 'A', given: ['B', 'X'] }] },
      ],
      [[operation('replace', 'birthDate', value({ valueDate: '1980-01-01' }))], { birthDate: '1980-01-01' }],
      [
        [operation('move', 'Patient.name.given', at('source', 1), at('destination', 0))],
        { name: [{ family: 'A', given: ['C', 'B'] }] },
      ],
      [
        [
          operation('add', 'Patient', name('deceased'), value({ valueBoolean: true })),
          operation('replace', 'Patient.deceased', value({ valueDateTime: '2020-01-01' })),
        ],
        { deceasedDateTime: '2020-01-01' },
      ],
      [
        [
          operation('add', 'Patient', name('deceased'), value({ valueBoolean: true })),
          operation('delete', 'Patient.deceased.ofType(boolean)'),
        ],
        {},
      ],
      [
        [
          operation('add', 'Patient', name('extension'), value({ valueExtension: { url: 'urn:x', valueString: 'x' } })),
          operation('replace', "Patient.extension('urn:x').value", value({ valueString: 'y' })),
        ],
        { extension: [{ url: 'urn:x', valueString: 'y' }] },
      ],
    ];
    for (const [operations, expected] of cases) {
      const [answer, found] = await fhirPath(named(), ...operations);
      assert.equal(answer.status, 200, `${JSON.stringify(operations)} ${answer.text}`);
      const { resourceType: _type, id: _id, ...before } = named() as any;
      assert.deepEqual(found, JSON.parse(JSON.stringify({ ...before, ...expected })), JSON.stringify(operations));
    }
  });

  it('REST 25: FHIRPath Patch: what does not fit is 422, what is none is 400, and nothing is written', async () => {
    const value = part('value', { valueString: 'x' });
    const cases: [operation: object, status: number][] = [
      [operation('replace', 'Patient.gender', value), 422],
      [operation('replace', 'Patient.name.given', value), 422],
      [operation('delete', 'Patient.name.given'), 422],
      [operation('delete', 'Patient'), 422],
      [operation('replace', 'Patient.id', part('value', { valueId: 'other' })), 422],
      [operation('add', 'Patient', part('name', { valueString: 'colour' }), value), 422],
      [operation('add', 'Patient', part('name', { valueString: 'birthDate' }), value), 422],
      [operation('add', 'Patient.contact', part('name', { valueString: 'name' }), value), 422],
      [operation('insert', 'Patient.birthDate', part('index', { valueInteger: 0 }), value), 422],
      [operation('insert', 'Patient.name.given', part('index', { valueInteger: 9 }), value), 422],
      [
        operation(
          'move',
          'Patient.name.given',
          part('source', { valueInteger: 0 }),
          part('destination', { valueInteger: 9 }),
        ),
        422,
      ],
      [operation('replace', 'Patient.birthDate', part('value', { valueDate: '1970-02-30' })), 400],
      [operation('replace', 'Patient.name[', value), 400],
      [operation('replace', 'Patient.name.descendants()', value), 400],
      [operation('replace', 'resolve()', value), 400],
      [operation('spin', 'Patient.name', value), 400],
      [operation('replace', 'Patient.birthDate'), 400],
      [operation('insert', 'Patient.name', part('index', { valueInteger: -1 }), value), 400],
      [{ name: 'other', valueString: 'x' }, 400],
    ];
    for (const [each, status] of cases) {
      const [answer] = await fhirPath(named(), each);
      assert.equal(answer.status, status, `${JSON.stringify(each)} ${answer.text}`);
    }
    for (const body of [{ resourceType: 'Parameters', parameter: {} }, patient('x'), [], 'null'])
      assert.equal((await patched(named(), body as object, {}))[0].status, 400, JSON.stringify(body));
  });

  it('REST 56: decimals stay as they were written, also where a patch moves them about', async () => {
    const text = (value: string): string =>
      `{"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[{"code":{"text":"a"},"valueQuantity":{"value":${value}}},{"code":{"text":"b"},"valueQuantity":{"value":2.50}}]}`;
    const path = 'Observation/decimal';
    await client.send('PUT', path, text('1.50').replace('{', '{"id":"decimal",'));
    const numbers = async (): Promise<string[]> =>
      [...(await client.get(path)).text.matchAll(/"value":([\d.e]+)/g)].map(([, each]) => each as string);
    const steps: [patch: string, headers: Record<string, string>, expected: string[]][] = [
      ['[{"op":"move","from":"/component/0","path":"/component/1"}]', JSON_PATCH, ['2.50', '1.50']],
      ['[{"op":"copy","from":"/component/0","path":"/component/-"}]', JSON_PATCH, ['2.50', '1.50', '2.50']],
      [
        '[{"op":"replace","path":"/component/2/valueQuantity/value","value":3.00}]',
        JSON_PATCH,
        ['2.50', '1.50', '3.00'],
      ],
      ['[{"op":"remove","path":"/component/0"}]', JSON_PATCH, ['1.50', '3.00']],
      [
        '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.component[0].value"},{"name":"value","valueQuantity":{"value":4.10}}]}]}',
        {},
        ['4.10', '3.00'],
      ],
      [
        '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.component[1].value.value"},{"name":"value","valueDecimal":5.0}]}]}',
        {},
        ['4.10', '5.0'],
      ],
    ];
    for (const [patch, headers, expected] of steps) {
      const { status, text: said } = await client.send('PATCH', path, patch, headers);
      assert.equal(status, 200, said);
      assert.deepEqual(await numbers(), expected, patch);
    }
  });
});
