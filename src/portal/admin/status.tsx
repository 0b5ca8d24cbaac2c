import { listOrgs, type Org } from '../../auth/orgs.js';
import { plans } from '../../limits/rules.js';
import { statement } from '../../store/database.js';
import { Table, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';

export const statusRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/status', who: 'admin', handle: status },
];

const signingKeys = statement<Record<never, never>>((knex) =>
  knex('signing_key').orderBy('active_from', 'desc').select('kid', 'alg', 'active_from', 'retire_at'),
);

async function status(visit: Visit): Promise<Reply> {
  const { own, facade } = visit.options;
  const org = (await listOrgs(own)).find(({ id }) => id === accountOf(visit).tenant);
  const keys = await signingKeys.all(own, {});
  const facts: [string, string][] = [
    ['Version', `${facade.version}, of ${facade.released}`],
    ['Database', own.dialect.name],
    ['FHIR base URL', facade.base],
    ['Organization', org?.name ?? ''],
    ['Limits', org ? limitsOf(org) : ''],
  ];
  return {
    title: 'Status',
    page: (
      <>
        <h1>Status</h1>
        <section class="card" aria-label="Server">
          <dl>
            {facts.map(([term, value]) => (
              <div key={term}>
                <dt>{term}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </section>
        <h2>Signing keys</h2>
        <Table label="Signing keys" heads={['Key', 'Algorithm', 'Signs from', 'Retires']}>
          {keys.map((key) => (
            <tr key={String(key['kid'])}>
              <td>
                <code>{String(key['kid'])}</code>
              </td>
              <td>{String(key['alg'])}</td>
              <td>
                <Time at={Number(key['active_from'])} />
              </td>
              <td>
                <Time at={key['retire_at'] === null ? undefined : Number(key['retire_at'])} />
              </td>
            </tr>
          ))}
        </Table>
      </>
    ),
  };
}

function limitsOf({ plan, perMinute = 0, burst = 0 }: Org): string {
  const most = plan === 'custom' ? { perMinute, burst } : plans[plan];
  return `${plan}: ${String(most.perMinute)} requests a minute, ${String(most.burst)} in a second`;
}
