import type { Communication, DocumentReference, Observation, Patient } from '@medplum/fhirtypes';
import { readBinary } from '../../rest/binary.js';
import { Facts, type Fact } from '../facts.js';
import { dateText, Link, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { Chart, seriesOf } from './chart.js';
import { ownAccess, ownEntries, patientOf, resourcesOf } from './own.js';

export const historyRoutes: readonly Route[] = [
  { method: 'GET', path: '/portal', who: 'patient', handle: history },
  { method: 'GET', path: '/portal/documents/:id', who: 'patient', from: '/portal', handle: document },
];

async function history(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const access = ownAccess(options, accountOf(visit));
  const find = (type: string, ...pairs: [string, string][]) => ownEntries(options, access, type, pairs);
  const people = await find('Patient', ['_id', patientOf(accountOf(visit))]);
  const observations = await find('Observation', ['_sort', '-date'], ['_count', '200']);
  const documents = await find(
    'DocumentReference',
    ['status', 'current'],
    ['_sort', '-date'],
    ['_count', String(MOST_DOCUMENTS)],
  );
  const messages = await find('Communication', ['_sort', '-sent'], ['_count', '30']);
  const shown = [...people, ...observations, ...documents, ...messages];
  await record({
    ...{ interaction: 'portal-history', action: 'R' },
    patients: [...new Set(shown.flatMap(({ patients }) => patients))],
  });
  return {
    title: 'My History',
    page: (
      <>
        <h1>My History</h1>
        <Demographics patient={resourcesOf<Patient>(people)[0]} />
        <Measurements observations={resourcesOf(observations)} />
        <Documents documents={resourcesOf(documents)} />
        <Messages messages={resourcesOf(messages)} />
        <section class="card" aria-labelledby="api">
          <h2 id="api">FHIR API Access</h2>
          <p>Let an app of your choice read this record. You make a key for each app, and delete it when you like.</p>
          <p>
            <Link to="/portal/keys" class="button">
              Manage your keys
            </Link>
          </p>
        </section>
      </>
    ),
  };
}

function Demographics({ patient }: { patient: Patient | undefined }) {
  if (!patient) return <p class="card">There is no record to show yet.</p>;
  const name = patient.name?.find(({ use }) => use === 'official') ?? patient.name?.[0];
  const address = patient.address?.[0];
  const facts: Fact[] = [
    ['Name', name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(' ')],
    ['Born', patient.birthDate && dateText(patient.birthDate)],
    ['Gender', patient.gender && `${patient.gender[0]?.toUpperCase() ?? ''}${patient.gender.slice(1)}`],
    ['Phone', patient.telecom?.find(({ system }) => system === 'phone')?.value],
    ['E-mail', patient.telecom?.find(({ system }) => system === 'email')?.value],
    [
      'Address',
      address && [...(address.line ?? []), address.city, address.state, address.postalCode].filter(Boolean).join(', '),
    ],
  ];
  return (
    <section class="card" aria-labelledby="me">
      <h2 id="me">About me</h2>
      <Facts facts={facts} />
    </section>
  );
}

const MOST_CHARTS = 12;
const MOST_DOCUMENTS = 50;
/** As many documents, or messages, as are shown without a click. */
const MOST_IN_SIGHT = 8;

function Measurements({ observations }: { observations: readonly Observation[] }) {
  const series = seriesOf(observations).slice(0, MOST_CHARTS);
  return (
    <section class="card" aria-labelledby="measured">
      <h2 id="measured">Recent measurements</h2>
      {series.length === 0 ? (
        <p>There are none.</p>
      ) : (
        <div class="charts">
          {series.map((each) => (
            <Chart key={`${each.name} ${each.unit}`} series={each} />
          ))}
        </div>
      )}
    </section>
  );
}

function Documents({ documents }: { documents: readonly DocumentReference[] }) {
  const [newest, older] = [documents.slice(0, MOST_IN_SIGHT), documents.slice(MOST_IN_SIGHT)];
  return (
    <section class="card" aria-labelledby="documents">
      <h2 id="documents">Documents</h2>
      {documents.length === 0 ? <p>There are none.</p> : <DocumentList documents={newest} />}
      {older.length > 0 && (
        <details>
          <summary>{`${String(older.length)} older documents`}</summary>
          <DocumentList documents={older} />
          {documents.length === MOST_DOCUMENTS && <p class="hint">Your clinic has those that are older still.</p>}
        </details>
      )}
    </section>
  );
}

const DocumentList = ({ documents }: { documents: readonly DocumentReference[] }) => (
  <ul class="rows">
    {documents.map((each) => (
      <li key={each.id}>
        <DocumentLink document={each} />
        <span class="hint">{each.date && <Time at={Date.parse(each.date)} />}</span>
      </li>
    ))}
  </ul>
);

function DocumentLink({ document: { content, type, description } }: { document: DocumentReference }) {
  const attachment = content[0]?.attachment;
  const kind = type?.text ?? type?.coding?.[0]?.display ?? 'Document';
  const about = (description ?? attachment?.title ?? '').replace(`${kind}, `, '');
  const id = /(?:^|\/)Binary\/([A-Za-z0-9\-.]{1,64})$/.exec(attachment?.url ?? '')?.[1];
  const text = (
    <>
      <bdi>{kind}</bdi> {about !== '' && about !== kind && <bdi class="hint">{about}</bdi>}
    </>
  );
  return id === undefined ? (
    <span class="titled">{text}</span>
  ) : (
    <Link to={`/portal/documents/${id}`} class="titled">
      {text}
    </Link>
  );
}

function Messages({ messages }: { messages: readonly Communication[] }) {
  const said: Message[] = messages.flatMap(({ id, sent, sender, payload = [] }) => {
    const text = payload.map(({ contentString }) => contentString ?? '').join(' ');
    return text.trim() === '' ? [] : [{ id, sent, from: sender?.display ?? 'Care team', text }];
  });
  const [newest, older] = [said.slice(0, MOST_IN_SIGHT), said.slice(MOST_IN_SIGHT)];
  return (
    <section class="card" aria-labelledby="messages">
      <h2 id="messages">Messages</h2>
      {said.length === 0 ? <p>There are none.</p> : <MessageList messages={newest} />}
      {older.length > 0 && (
        <details>
          <summary>{`${String(older.length)} older messages`}</summary>
          <MessageList messages={older} />
        </details>
      )}
    </section>
  );
}

interface Message {
  readonly id: string | undefined;
  readonly sent: string | undefined;
  readonly from: string;
  readonly text: string;
}

const MessageList = ({ messages }: { messages: readonly Message[] }) => (
  <ul class="rows">
    {messages.map(({ id, sent, from, text }) => (
      <li key={id}>
        <strong>
          <bdi>{from}</bdi>
        </strong>
        <span class="hint">{sent !== undefined && <Time at={Date.parse(sent)} />}</span>
        <bdi class="said">{text}</bdi>
      </li>
    ))}
  </ul>
);

const unconditional = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  ifNoneExist: undefined,
  ifModifiedSince: undefined,
};

/** Whoever may read a document may have its bytes: the same function decides it for apps. */
async function document(visit: Visit): Promise<Reply> {
  const { options, id, record } = visit;
  const access = ownAccess(options, accountOf(visit));
  const headers = { accept: '*/*', prefer: undefined, ...unconditional };
  const what = {
    method: 'GET',
    interaction: 'read',
    type: '',
    id,
    versionId: '',
    params: [],
    body: undefined,
  } as const;
  const asked = { ...what, headers, access, requestId: visit.requestId };
  const { body, headers: answered = {}, shown = [] } = await readBinary(options.facade)(asked);
  if (body === undefined || typeof body === 'string') throw new Error('a Binary is bytes');
  const patients = [...new Set(shown.flatMap((each) => each.patients))];
  await record({ interaction: 'portal-document', action: 'R', type: 'Binary', entity: `Binary/${id}`, patients });
  const name = body.contentType === 'application/pdf' ? 'document.pdf' : id;
  const file = { 'Content-Disposition': `attachment; filename="${name}"` };
  return { file: { type: body.contentType, bytes: body.bytes, headers: { ...answered, ...file } } };
}
