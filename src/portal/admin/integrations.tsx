import { OutcomeError } from '../../outcome.js';
import { heldCases, type InboundCase } from '../../pulsara/case.js';
import { listEvents, replayEvents, type ReceivedEvent } from '../../pulsara/inbox.js';
import {
  isUpstreamToken,
  listIntegrations,
  readIntegration,
  rotateUpstreamToken,
  switchIntegration,
  type Integration,
} from '../../pulsara/integration.js';
import { upstreamOf } from '../../pulsara/queue.js';
import { inWords, outcomes } from '../../pulsara/reasons.js';
import { probe } from '../../pulsara/upstream.js';
import { Facts } from '../facts.js';
import { Alert, Code, Field, Link, Notice, PostForm, Table, Time, Toast } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { HeldCases } from './held.js';

export const integrationRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/integrations', who: 'admin', handle: list },
  { method: 'GET', path: '/manager/integrations/:id', who: 'admin', handle: async (visit) => page(visit) },
  { method: 'POST', path: '/manager/integrations/:id/test', who: 'admin', handle: test },
  { method: 'POST', path: '/manager/integrations/:id/replay', who: 'admin', handle: replay },
  { method: 'POST', path: '/manager/integrations/:id/token', who: 'admin', stepUp: true, handle: rotate },
  { method: 'POST', path: '/manager/integrations/:id/disable', who: 'admin', handle: (visit) => toggle(visit, false) },
  { method: 'POST', path: '/manager/integrations/:id/enable', who: 'admin', handle: (visit) => toggle(visit, true) },
];

async function list(visit: Visit): Promise<Reply> {
  const { options, query } = visit;
  const { tenant } = accountOf(visit);
  const integrations = await listIntegrations(options.own, tenant);
  const held = await heldCases(options.own, tenant);
  return {
    title: 'Integrations',
    page: (
      <>
        {query.has('filed') && <Toast>The case is filed.</Toast>}
        {query.has('rejected') && <Toast>The case is rejected. Nothing of it is in the record.</Toast>}
        <h1>Integrations</h1>
        <p class="lead">Systems whose cases are fetched and filed here when they tell Portico of them by webhook.</p>
        {integrations.length === 0 ? (
          <p class="card empty">
            There are none yet. Whoever runs Portico makes one with <code>portico integration create</code>.
          </p>
        ) : (
          <Table label="Integrations" heads={['Name', 'State', 'System', 'Signed by', 'Since']}>
            {integrations.map(row)}
          </Table>
        )}
        <h2>Cases that wait for a decision</h2>
        <HeldCases cases={held} names={namesOf(integrations)} />
      </>
    ),
  };
}

const namesOf = (integrations: readonly Integration[]): ReadonlyMap<string, string> =>
  new Map(integrations.map(({ id, name }) => [id, name]));

const row = ({ id, name, active, upstream, signature, createdAt }: Integration) => (
  <tr key={id}>
    <th scope="row">
      <Link to={`/manager/integrations/${id}`}>
        <bdi>{name}</bdi>
      </Link>
    </th>
    <td>
      <State active={active} />
    </td>
    <td>
      <Code text={upstream} />
    </td>
    <td>{signature}</td>
    <td>
      <Time at={createdAt} />
    </td>
  </tr>
);

const State = ({ active }: { active: boolean }) => (
  <span class={active ? 'badge' : 'badge off'}>{active ? 'active' : 'disabled'}</span>
);

/** Errors: 404, also for an integration of another organization. */
async function find(visit: Visit): Promise<Integration> {
  const found = await readIntegration(visit.options.own, accountOf(visit).tenant, visit.id);
  if (!found) throw new OutcomeError(404, 'unknown-id', 'There is no such integration');
  return found;
}

interface Said {
  /** What came of a test of the connection. */
  readonly tested?: { readonly reason: string | undefined };
  readonly done?: string;
  readonly fault?: string;
}

async function page(visit: Visit, { tested, done, fault }: Said = {}): Promise<Reply> {
  const { options, query } = visit;
  const integration = await find(visit);
  const { id, name, active, tenant } = integration;
  const events = await listEvents(options.own, tenant, id);
  const held = (await heldCases(options.own, tenant)).filter(({ integration: of }: InboundCase) => of === id);
  const dead = events.filter(({ state }) => state === 'dead').length;
  return {
    status: fault === undefined ? 200 : 400,
    title: name,
    page: (
      <>
        {query.has('replayed') && (
          <Toast>{`Tried once more: ${query.get('replayed')?.replace(/\D/g, '') ?? ''}`}</Toast>
        )}
        {done !== undefined && <Toast>{done}</Toast>}
        {fault !== undefined && <Alert>{fault}</Alert>}
        {tested && tested.reason === undefined && <Toast>It answers, and takes our token.</Toast>}
        {tested?.reason !== undefined && <Alert>{inWords(tested.reason)}</Alert>}
        <h1>
          <bdi>{name}</bdi> <State active={active} />
        </h1>
        <Settings integration={integration} issuer={options.issuer} />
        <NewToken id={id} />
        {dead > 0 && (
          <>
            <Notice>{`${String(dead)} of the events below could not be done. When the cause is mended, try them again.`}</Notice>
            <PostForm to={`/manager/integrations/${id}/replay`}>
              <button class="primary">Try all of them again</button>
            </PostForm>
          </>
        )}
        <h2>Cases that wait for a decision</h2>
        <HeldCases cases={held} names={namesOf([integration])} />
        <h2>Last events</h2>
        <Events id={id} events={events} />
        <p>
          <Link to="/manager/integrations">Back to the integrations</Link>
        </p>
      </>
    ),
  };
}

const Settings = ({ integration, issuer }: { integration: Integration; issuer: string }) => {
  const { id, upstream, signature, rules, messages, active } = integration;
  const matches = (of: typeof rules.mrn): string =>
    of.map(({ category, name }) => (name === undefined ? category : `${category}: ${name}`)).join(', ');
  return (
    <section class="card" aria-label="Integration">
      <Facts
        facts={[
          ['Webhook URL', <Code text={`${issuer}/webhooks/pulsara/${id}`} />],
          ['System', <Code text={upstream} />],
          ['Webhooks are signed by', signature],
          ['Record numbers', `${matches(rules.mrn)} (${rules.mrnSystem})`],
          ['Visit numbers', `${matches(rules.csn)} (${rules.csnSystem})`],
          ['Team messages', messages ? 'are written' : 'are not written'],
        ]}
      />
      <div class="actions">
        <PostForm to={`/manager/integrations/${id}/test`}>
          <button>Test the connection</button>
        </PostForm>
        <PostForm to={`/manager/integrations/${id}/${active ? 'disable' : 'enable'}`}>
          <button class={active ? 'danger' : undefined}>{active ? 'Disable' : 'Enable'}</button>
        </PostForm>
      </div>
    </section>
  );
};

const NewToken = ({ id }: { id: string }) => (
  <section class="card" aria-label="API token">
    <h2>API token</h2>
    <PostForm to={`/manager/integrations/${id}/token`}>
      <Field
        label="New API token"
        name="token"
        type="password"
        autocomplete="off"
        hint="The one that the system gave you. It is used from now on and never shown; the old one is gone."
        required
        maxlength={4096}
      />
      <button class="primary">Change the token</button>
    </PostForm>
  </section>
);

function Events({ id, events }: { id: string; events: readonly ReceivedEvent[] }) {
  if (events.length === 0) return <p class="card empty">Nothing has come yet.</p>;
  return (
    <Table label="Last events" heads={['Received', 'Event', 'Channel', 'Outcome', 'What went wrong', 'Replay']}>
      {events.map((event) => (
        <tr key={event.id}>
          <td class="when">
            <Time at={event.receivedAt} />
          </td>
          <td>{event.event.replace('patient_channel.', '')}</td>
          <td>
            <Code text={event.channel ?? ''} />
          </td>
          <td>
            <span class={event.state === 'dead' ? 'badge off' : 'badge'}>{outcomeOf(event)}</span>
          </td>
          <td class="long">
            {event.reason !== undefined && inWords(event.reason)}
            {event.state === 'waiting' && event.attempts > 0 && (
              <>
                {' Next try: '}
                <Time at={event.dueAt} />
              </>
            )}
          </td>
          <td class="act">
            {(event.state === 'dead' || event.state === 'done') && (
              <PostForm to={`/manager/integrations/${id}/replay`}>
                <input type="hidden" name="event" value={event.id} />
                <button class="quiet" aria-label={`Replay the event of ${new Date(event.receivedAt).toISOString()}`}>
                  Replay
                </button>
              </PostForm>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function outcomeOf({ outcome, state, attempts }: ReceivedEvent): string {
  if (state === 'dead') return 'could not be done';
  if (state === 'running') return 'is being done';
  if (state === 'waiting') return attempts > 0 ? 'is tried again' : 'waits';
  return outcome === undefined ? 'waits' : outcomes[outcome];
}

async function test(visit: Visit): Promise<Reply> {
  const integration = await find(visit);
  await visit.record({ interaction: 'integration-test', action: 'E' });
  return page(visit, { tested: await tested(visit, integration) });
}

const tested = async (visit: Visit, integration: Integration): Promise<NonNullable<Said['tested']>> => {
  const { own, secret, outbound, now } = visit.options;
  return { reason: await probe(await upstreamOf({ own, secret, outbound, now }, integration)) };
};

/** The old token is gone, whatever comes of the test: what was typed wrongly is typed again. */
async function rotate(visit: Visit): Promise<Reply> {
  const { own, secret } = visit.options;
  const integration = await find(visit);
  const token = visit.fields.one('token').trim();
  if (!isUpstreamToken(token)) return page(visit, { fault: 'That is no token that can be sent.' });
  await rotateUpstreamToken(own, secret, integration, token);
  await visit.record({ interaction: 'integration-rotate', action: 'U' });
  return page(visit, { done: 'The token is changed.', tested: await tested(visit, integration) });
}

async function replay(visit: Visit): Promise<Reply> {
  const { options, fields, record } = visit;
  const { id, tenant } = await find(visit);
  const event = fields.one('event').slice(0, 200);
  const of = { tenant, integration: id, ...(event !== '' && { event }) };
  const count = await replayEvents(options.own, of, options.now());
  await record({ interaction: 'integration-replay', action: 'U' });
  return { to: `/manager/integrations/${id}?replayed=${String(count)}` };
}

async function toggle(visit: Visit, active: boolean): Promise<Reply> {
  const { id, tenant } = await find(visit);
  await switchIntegration(visit.options.own, tenant, id, active);
  await visit.record({ interaction: active ? 'integration-enable' : 'integration-disable', action: 'U' });
  return { to: `/manager/integrations/${id}` };
}
