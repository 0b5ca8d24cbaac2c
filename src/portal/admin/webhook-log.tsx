import type { Job } from '../../jobs/job.js';
import { listJobs } from '../../jobs/list.js';
import type { Database } from '../../store/database.js';
import { QUEUE, type Delivery } from '../../webhooks/deliver.js';
import type { Webhook } from '../../webhooks/webhook.js';
import { Code, PostForm, Table, Time } from '../layout.js';

/** The latest deliveries of a webhook, as far as they are among the last of its organization. */
export async function deliveriesOf(own: Database, { tenant, id }: Pick<Webhook, 'tenant' | 'id'>): Promise<Job[]> {
  return (await listJobs(own, tenant, QUEUE)).filter(({ payload }) => (payload as Delivery).webhook === id);
}

const STATES = { waiting: 'waits', running: 'is sent', done: 'delivered', dead: 'given up' } as const;

export const Deliveries = ({ webhook, deliveries }: { webhook: string; deliveries: readonly Job[] }) =>
  deliveries.length === 0 ? (
    <p class="card empty">Nothing was to be sent yet.</p>
  ) : (
    <Table label="Deliveries" heads={['When', 'Event', 'State', 'Attempts', 'Last failure', 'Next attempt', 'Again']}>
      {deliveries.map(({ id, payload, createdAt, state, attempts, reason, dueAt }) => (
        <tr key={id}>
          <td class="when">
            <Time at={createdAt} />
          </td>
          <td>
            <Code text={(payload as Delivery).event.event} />
          </td>
          <td>
            <span class={state === 'dead' ? 'badge off' : 'badge'}>{STATES[state]}</span>
          </td>
          <td>{String(attempts)}</td>
          <td>{reason === undefined ? '' : reason.replaceAll('-', ' ')}</td>
          <td>{state === 'waiting' && <Time at={dueAt} />}</td>
          <td>
            {state === 'dead' && (
              <PostForm to={`/manager/webhooks/${webhook}/again`} class="inline">
                <input type="hidden" name="delivery" value={id} />
                <button class="quiet">Send again</button>
              </PostForm>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
