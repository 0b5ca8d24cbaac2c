import { csvLine } from '../../audit/csv.js';
import { findEvents, outcomeOf, type EventFilter, type FoundEvent, type Place } from '../../audit/find.js';
import { Code, Field, FilterForm, Link, SelectField, Table, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';

export const auditRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/audit', who: 'admin', handle: list },
  { method: 'GET', path: '/manager/audit.csv', who: 'admin', from: '/manager/audit', handle: download },
];

const ON_A_PAGE = 50;
/** More than a filter that hardly anything fits may read for one page, or one file. */
const LOOK = 10_000;
const MOST_IN_FILE = 10_000;
const LOOK_FOR_FILE = 200_000;
const DAY_MILLISECONDS = 24 * 3_600_000;

/** What was typed, as it is. */
interface Typed {
  readonly from: string;
  readonly to: string;
  readonly who: string;
  readonly what: string;
  readonly patient: string;
  readonly outcome: string;
}

const outcomes = ['', 'allowed', 'refused', 'failed'] as const;

function typedIn({ query }: Visit): Typed {
  const of = (name: keyof Typed): string => (query.get(name) ?? '').replaceAll('\0', '').trim().slice(0, 100);
  return {
    ...{ from: of('from'), to: of('to'), who: of('who'), what: of('what') },
    ...{ patient: of('patient'), outcome: of('outcome') },
  };
}

/** A day that is none leaves its end open: the form shows what was understood. */
function filterOf({ from, to, who, what, patient, outcome }: Typed, now: number): EventFilter {
  const [first, last] = [dayOf(from), dayOf(to)];
  return {
    ...{ who, what, patient, outcome: outcomes.find((each) => each === outcome) ?? '' },
    ...{ from: first ?? 0, to: last === undefined ? now + 1 : last + DAY_MILLISECONDS },
  };
}

function dayOf(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** The place of a page in its URL: `at.id`, without the id where a moment is done with. */
function placeIn({ query }: Visit): Place | undefined {
  const found = /^(\d{1,15})\.([\w-]{0,64})$/.exec(query.get('after') ?? '');
  return found ? { at: Number(found[1]), id: found[2] as string } : undefined;
}

const queryOf = (typed: Typed, more: Record<string, string> = {}): string =>
  new URLSearchParams(Object.entries({ ...typed, ...more }).filter(([, value]) => value !== '')).toString();

async function list(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const { own, now, trail } = options;
  const typed = typedIn(visit);
  // What happened a moment ago is part of it.
  await trail.flush();
  const range = { after: placeIn(visit), most: ON_A_PAGE, look: LOOK };
  const { events, next } = await findEvents(own, accountOf(visit).tenant, filterOf(typed, now()), range);
  await record({ interaction: 'audit-read', action: 'R' });
  return {
    title: 'Audit',
    page: (
      <>
        <div class="head">
          <h1>Audit</h1>
          <Link to={`/manager/audit.csv?${queryOf(typed)}`} class="button">
            Download as CSV
          </Link>
        </div>
        <p class="lead">Who did what, and when: newest first. A file has at most 10,000 events.</p>
        <Filters typed={typed} />
        {events.length === 0 ? (
          <p class="card empty">{next ? 'Nothing was found so far.' : 'Nothing was found.'}</p>
        ) : (
          <Table label="Audit" heads={['When', 'Who', 'What', 'Of', 'Patient', 'Outcome']}>
            {events.map(row)}
          </Table>
        )}
        {next && (
          <p>
            <Link to={`/manager/audit?${queryOf(typed, { after: `${String(next.at)}.${next.id}` })}`} class="button">
              Older events
            </Link>
          </p>
        )}
      </>
    ),
  };
}

const Filters = ({ typed: { from, to, who, what, patient, outcome } }: { typed: Typed }) => (
  <FilterForm to="/manager/audit">
    <div class="filters">
      <Field label="From" name="from" type="date" value={from} />
      <Field label="To" name="to" type="date" value={to} />
      <Field label="Who" name="who" value={who} maxlength={100} />
      <Field label="What" name="what" value={what} maxlength={100} />
      <Field label="Patient id" name="patient" value={patient} maxlength={100} />
      <SelectField
        label="Outcome"
        name="outcome"
        value={outcome}
        choices={outcomes.map((each) => [each, each === '' ? 'any' : each])}
      />
    </div>
    <div class="actions">
      <button class="primary">Filter</button>
      <Link to="/manager/audit">Clear</Link>
    </div>
  </FilterForm>
);

function row(event: FoundEvent) {
  const { id, at, interaction, type, entity, status, patient } = event;
  const outcome = outcomeOf(status);
  return (
    <tr key={id}>
      <td class="when">
        <Time at={at} />
      </td>
      <td>
        <bdi>{whoOf(event)}</bdi>
      </td>
      <td>{interaction}</td>
      <td>
        <Code text={entity === '' ? type : entity} />
      </td>
      <td>
        <Code text={patient} />
      </td>
      <td>
        <span class={outcome === 'allowed' ? 'badge' : 'badge off'}>{`${outcome} (${String(status)})`}</span>
      </td>
    </tr>
  );
}

/** The best name that there is. */
const whoOf = ({ userName, credentialName, user, credential, agent }: FoundEvent): string =>
  [userName, credentialName, user, credential, agent, 'nobody known'].find((each) => each !== '') as string;

const heads = ['time', 'user', 'user id', 'e-mail', 'credential', 'credential id', 'agent', 'interaction', 'type'];

async function download(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const { own, now, trail } = options;
  await trail.flush();
  const range = { after: undefined, most: MOST_IN_FILE, look: LOOK_FOR_FILE };
  const { events } = await findEvents(own, accountOf(visit).tenant, filterOf(typedIn(visit), now()), range);
  await record({ interaction: 'audit-export', action: 'R' });
  const lines = [
    csvLine([...heads, 'resource', 'patient', 'status', 'outcome', 'request id']),
    ...events.map((event) => csvLine(cellsOf(event))),
  ];
  const name = `audit-${new Date(now()).toISOString().slice(0, 10)}.csv`;
  return {
    file: {
      type: 'text/csv; charset=utf-8',
      bytes: Buffer.from(lines.join('')),
      headers: { 'Content-Disposition': `attachment; filename="${name}"` },
    },
  };
}

const cellsOf = (event: FoundEvent): string[] => [
  ...[new Date(event.at).toISOString(), event.userName, event.user, event.userEmail],
  ...[event.credentialName, event.credential, event.agent, event.interaction, event.type, event.entity],
  ...[event.patient, String(event.status), outcomeOf(event.status), event.requestId],
];
