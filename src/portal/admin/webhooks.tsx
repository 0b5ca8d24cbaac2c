import { readJob } from '../../jobs/list.js';
import { replay } from '../../jobs/replay.js';
import { OutcomeError } from '../../outcome.js';
import { QUEUE, sendTest, type Delivery } from '../../webhooks/deliver.js';
import {
  createWebhook,
  listWebhooks,
  readWebhook,
  removeWebhook,
  rotateWebhook,
  webhookKey,
  type Made,
  type Scheme,
  type Webhook,
} from '../../webhooks/webhook.js';
import { isFirst, MOST_NAME, nameOf } from '../forms.js';
import { Facts } from '../facts.js';
import { Alert, Code, Link, Notice, PostForm, Secret, Table, Time, Toast } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { webhookForm, type Typed } from './webhook-form.js';
import { deliveriesOf, DeliveryLog } from './webhook-log.js';

export const webhookRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/webhooks', who: 'keys', handle: list },
  { method: 'POST', path: '/manager/webhooks', who: 'keys', stepUp: true, handle: create },
  { method: 'GET', path: '/manager/webhooks/new', who: 'keys', handle: async () => webhookForm() },
  { method: 'GET', path: '/manager/webhooks/:id', who: 'keys', handle: async (visit) => show(visit) },
  { method: 'POST', path: '/manager/webhooks/:id/test', who: 'keys', handle: test },
  { method: 'POST', path: '/manager/webhooks/:id/again', who: 'keys', handle: again },
  { method: 'POST', path: '/manager/webhooks/:id/rotate', who: 'keys', stepUp: true, handle: rotate },
  { method: 'GET', path: '/manager/webhooks/:id/delete', who: 'keys', handle: confirm },
  { method: 'POST', path: '/manager/webhooks/:id/delete', who: 'keys', handle: remove },
];

const HOUR = 3_600_000;
/** How long the secret before the last rotation signs beside the new one. */
const OVERLAP_HOURS = 24;

async function list(visit: Visit): Promise<Reply> {
  const webhooks = await listWebhooks(visit.options.own, accountOf(visit).tenant);
  return {
    title: 'Webhooks',
    page: (
      <>
        {visit.query.has('deleted') && <Toast>The webhook is deleted. Nothing is sent to it any more.</Toast>}
        <div class="head">
          <h1>Webhooks</h1>
          <Link to="/manager/webhooks/new" class="button primary">
            + Webhook
          </Link>
        </div>
        <p class="lead">
          A webhook tells a system of yours that something is new. It says ids, and nothing of a patient.
        </p>
        {webhooks.length === 0 ? (
          <p class="card empty">There are no webhooks yet.</p>
        ) : (
          <Table label="Webhooks" heads={['Name', 'Address', 'Events', 'Signature', 'Created']}>
            {webhooks.map(({ id, name, url, events, scheme, createdAt }) => (
              <tr key={id}>
                <th scope="row">
                  <Link to={`/manager/webhooks/${id}`}>
                    <bdi>{name}</bdi>
                  </Link>
                </th>
                <td>
                  <code>{url}</code>
                </td>
                <td>{String(events.length)}</td>
                <td>{scheme === 'hmac' ? 'HMAC' : 'Ed25519'}</td>
                <td>
                  <Time at={createdAt} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </>
    ),
  };
}

async function create(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const { own, now, outbound } = options;
  const typed: Typed = {
    name: fields.one('name').slice(0, 500),
    url: fields.one('url').trim().slice(0, 2000),
    scheme: fields.one('scheme') === 'ed25519' ? 'ed25519' : 'hmac',
    events: fields.all('event'),
  };
  const name = nameOf(typed.name);
  if (name === undefined) return webhookForm(`A name has 1 to ${String(MOST_NAME)} characters.`, typed);
  if (typed.events.length === 0) return webhookForm('Choose at least one event.', typed);
  if (!(await isFirst(own, session, fields, now())))
    return webhookForm('This form was sent before, and nothing was made now.', typed);
  const { tenant, id: createdBy } = accountOf(visit);
  const wanted = { ...typed, tenant, name, scheme: typed.scheme as Scheme, createdBy };
  let made: Made;
  try {
    made = await createWebhook(own, webhookKey(options.secret), wanted, { outbound, now: now() });
  } catch (error) {
    if (error instanceof OutcomeError && error.code === 'VALIDATION') return webhookForm(`${error.message}.`, typed);
    throw error;
  }
  await record({ interaction: 'webhook-create', action: 'C', entity: `webhook/${made.id}` });
  return shown(name, made);
}

const shown = (name: string, { id, secret, publicKey }: Made): Reply => ({
  title: 'The webhook',
  page: (
    <div class="card narrow">
      <h1>
        Webhook <bdi>{name}</bdi>
      </h1>
      {secret !== undefined && (
        <>
          <Notice>Copy the secret now. When you leave this page, nobody can show it again.</Notice>
          <Secret label="Secret" id="secret" value={secret} />
        </>
      )}
      {publicKey !== undefined && <Secret label="Public key" id="key" value={publicKey} />}
      <p>
        <Link to={`/manager/webhooks/${id}`} class="button primary">
          Done
        </Link>
      </p>
    </div>
  ),
});

/** Errors: 404, also for one of another organization. */
async function webhookOf(visit: Visit): Promise<Webhook> {
  const found = await readWebhook(visit.options.own, accountOf(visit).tenant, visit.id);
  if (!found) throw new OutcomeError(404, 'unknown-id', 'There is no such webhook');
  return found;
}

async function show(visit: Visit, tested?: { ok: boolean; said: string }): Promise<Reply> {
  const webhook = await webhookOf(visit);
  const { id, name, url, events, scheme, publicKey, previousExpiresAt = 0 } = webhook;
  const deliveries = await deliveriesOf(visit.options.own, webhook);
  return {
    title: 'A webhook',
    page: (
      <>
        {visit.query.has('again') && <Toast>It is sent again.</Toast>}
        {tested?.ok === true && <Toast>{`The test was taken: ${tested.said}.`}</Toast>}
        {tested?.ok === false && <Alert>{`The test was not taken: ${tested.said}.`}</Alert>}
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <section class="card" aria-label="The webhook">
          <Facts
            facts={[
              ['Address', <Code text={url} />],
              ['Signature', scheme === 'hmac' ? 'HMAC-SHA256 with a time' : 'Ed25519'],
              ['Public key', publicKey !== undefined && <Code text={publicKey} />],
              [
                'The secret before signs until',
                previousExpiresAt > visit.options.now() && <Time at={previousExpiresAt} />,
              ],
              ['Events', <EventNames names={events} />],
            ]}
          />
          <div class="actions">
            <PostForm to={`/manager/webhooks/${id}/test`}>
              <button>Send a test</button>
            </PostForm>
            <PostForm to={`/manager/webhooks/${id}/rotate`}>
              <button>New secret</button>
            </PostForm>
            <Link to={`/manager/webhooks/${id}/delete`} class="button danger">
              Delete
            </Link>
          </div>
          <p class="hint">{`A new secret is made and shown at once. The one before it signs beside it for ${String(OVERLAP_HOURS)} hours.`}</p>
        </section>
        <DeliveryLog webhook={id} {...deliveries} />
        <p>
          <Link to="/manager/webhooks">Back to the webhooks</Link>
        </p>
      </>
    ),
  };
}

const EventNames = ({ names }: { names: readonly string[] }) => (
  <ul class="plain">
    {names.map((each) => (
      <li key={each}>
        <code>{each}</code>
      </li>
    ))}
  </ul>
);

async function test(visit: Visit): Promise<Reply> {
  const { own, outbound, now, secret } = visit.options;
  const webhook = await webhookOf(visit);
  const tested = await sendTest(webhook, { own, outbound, now, key: webhookKey(secret) });
  await visit.record({ interaction: 'webhook-test', action: 'E', entity: `webhook/${webhook.id}` });
  return show(visit, tested);
}

/** A delivery that was given up, once more. */
async function again(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const { tenant, id } = await webhookOf(visit);
  const job = visit.fields.one('delivery');
  const known = await readJob(own, tenant, QUEUE, job);
  if (
    (known?.payload as Delivery | undefined)?.webhook !== id ||
    !(await replay(own, { tenant, queue: QUEUE, id: job }, now()))
  )
    throw new OutcomeError(404, 'unknown-id', 'There is no such delivery that was given up');
  await visit.record({ interaction: 'webhook-replay', action: 'E', entity: `webhook/${id}` });
  return { to: `/manager/webhooks/${id}?again=1` };
}

async function rotate(visit: Visit): Promise<Reply> {
  const { own, now, secret } = visit.options;
  const webhook = await webhookOf(visit);
  const made = await rotateWebhook(own, webhookKey(secret), webhook, now() + OVERLAP_HOURS * HOUR);
  if (!made) throw new OutcomeError(409, 'version-conflict', 'Somebody else gave it a new secret at the same time');
  await visit.record({ interaction: 'webhook-rotate', action: 'U', entity: `webhook/${webhook.id}` });
  return shown(webhook.name, made);
}

async function confirm(visit: Visit): Promise<Reply> {
  const { id, name } = await webhookOf(visit);
  return {
    title: 'Delete a webhook',
    page: (
      <div class="card narrow">
        <h1>
          Delete <bdi>{name}</bdi>?
        </h1>
        <p>What waits for it is not sent any more. This cannot be undone.</p>
        <PostForm to={`/manager/webhooks/${id}/delete`}>
          <div class="actions">
            <button class="danger">Delete</button>
            <Link to={`/manager/webhooks/${id}`}>Keep it</Link>
          </div>
        </PostForm>
      </div>
    ),
  };
}

async function remove(visit: Visit): Promise<Reply> {
  const { tenant, id } = await webhookOf(visit);
  await removeWebhook(visit.options.own, tenant, id);
  await visit.record({ interaction: 'webhook-delete', action: 'D', entity: `webhook/${id}` });
  return { to: '/manager/webhooks?deleted=1' };
}
