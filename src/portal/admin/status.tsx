import { listOrgs, type Org } from '../../auth/orgs.js';
import { readSigningKeys, statusOf } from '../../auth/signing-key.js';
import type { JobState } from '../../jobs/job.js';
import { countJobs } from '../../jobs/list.js';
import { failureRules, plans, type FailureRule } from '../../limits/rules.js';
import { INBOX } from '../../pulsara/inbox.js';
import { QUEUE as WEBHOOKS } from '../../webhooks/deliver.js';
import { Facts, type Fact } from '../facts.js';
import { Code, Table, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';

export const statusRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/status', who: 'admin', handle: status },
];

const databases = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;

async function status(visit: Visit): Promise<Reply> {
  const { own, facade, trail, now } = visit.options;
  const started = performance.now();
  const { tenant } = accountOf(visit);
  const org = (await listOrgs(own)).find(({ id }) => id === tenant);
  const milliseconds = Math.max(performance.now() - started, 0.1).toFixed(1);
  return {
    title: 'Status',
    page: (
      <>
        <h1>Status</h1>
        <Card
          label="Server"
          facts={[
            ['Version', `${facade.version}, released ${facade.released}`],
            ['Database', `${databases[own.dialect.name]}, answered in ${milliseconds} ms`],
            ['FHIR base URL', <Code text={facade.base} />],
            ['Token URL', <Code text={facade.tokenUrl} />],
          ]}
        />
        <h2>Queues</h2>
        <Card
          label="Queues"
          facts={[
            ['Audit events', `${String(trail.waiting)} to be written`],
            ['Webhook deliveries', workOf(await countJobs(own, tenant, WEBHOOKS))],
            ['Events of integrations', workOf(await countJobs(own, tenant, INBOX))],
          ]}
        />
        <h2>Limits</h2>
        {org && <Card label="Limits" facts={[['Requests', limitsOf(org)], ...failures]} />}
        <h2>Signing keys</h2>
        <SigningKeys keys={await readSigningKeys(own, now())} now={now()} />
      </>
    ),
  };
}

const Card = ({ label, facts }: { label: string; facts: readonly Fact[] }) => (
  <section class="card" aria-label={label}>
    <Facts facts={facts} />
  </section>
);

/** What somebody has to do something about comes last, where there is any. */
const workOf = ({ waiting, running, dead }: Record<JobState, number>): string =>
  `${String(waiting + running)} to be done${dead === 0 ? '' : `, ${String(dead)} given up`}`;

function limitsOf({ plan, perMinute = 0, burst = 0 }: Org): string {
  const most = plan === 'custom' ? { perMinute, burst } : plans[plan];
  return `${most.perMinute.toLocaleString('en')} a minute, ${most.burst.toLocaleString('en')} in a second (plan ${plan})`;
}

const times = ({ failures, seconds }: FailureRule): string => `${String(failures)} in ${String(seconds / 60)} minutes`;

const failures: readonly (readonly [string, string])[] = [
  ['Wrong passwords of an account from one network', times(failureRules.password)],
  ['Wrong second factors of an account', times(failureRules.secondFactor)],
  ['Failed logins from one network', times(failureRules.network)],
];

type Keys = Awaited<ReturnType<typeof readSigningKeys>>;

const SigningKeys = ({ keys, now }: { keys: Keys; now: number }) => (
  <Table label="Signing keys" heads={['Key', 'State', 'Algorithm', 'Signs from', 'Known until']}>
    {keys.map((key) => (
      <tr key={key.kid}>
        <td>
          <code>{key.kid}</code>
        </td>
        <td>
          <span class="badge">{statusOf(key, keys, now)}</span>
        </td>
        <td>{key.alg}</td>
        <td>
          <Time at={key.activeFrom} />
        </td>
        <td>{key.retireAt === undefined ? 'another key follows it' : <Time at={key.retireAt} />}</td>
      </tr>
    ))}
  </Table>
);
