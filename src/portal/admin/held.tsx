import { OutcomeError } from '../../outcome.js';
import type { InboundCase } from '../../pulsara/case.js';
import { decide, heldCase } from '../../pulsara/decide.js';
import type { FilingOptions } from '../../pulsara/filing.js';
import { readIntegration } from '../../pulsara/integration.js';
import { doubts } from '../../pulsara/reasons.js';
import { arrivedSide, type Side } from '../../pulsara/sides.js';
import { Code, dateText, Link, Notice, PostForm, Table, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { personOf, type Person } from './find-patients.js';

/** A case is named by its integration and its channel, which are no single segment of a path. */
export const heldRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/held', who: 'admin', handle: show },
  { method: 'GET', path: '/manager/held.pdf', who: 'admin', from: '/manager/held', handle: download },
  { method: 'POST', path: '/manager/held/accept', who: 'admin', handle: (visit) => settle(visit, true) },
  { method: 'POST', path: '/manager/held/reject', who: 'admin', handle: (visit) => settle(visit, false) },
];

interface Named {
  readonly integration: string;
  readonly channel: string;
}

const queryOf = ({ integration, channel }: Named): string => new URLSearchParams({ integration, channel }).toString();

export function HeldCases({ cases, names }: { cases: readonly InboundCase[]; names: ReadonlyMap<string, string> }) {
  if (cases.length === 0) return <p class="card empty">No case waits.</p>;
  return (
    <Table label="Cases that wait for a decision" heads={['Since', 'From', 'Channel', 'Why', 'Decide']}>
      {cases.map((each) => (
        <tr key={`${each.integration} ${each.channel}`}>
          <td class="when">
            <Time at={each.held?.at} />
          </td>
          <td>
            <bdi>{names.get(each.integration) ?? each.integration}</bdi>
          </td>
          <td>
            <Code text={each.channel} />
          </td>
          <td class="long">{each.held?.doubts.map((doubt) => doubts[doubt]).join(' ')}</td>
          <td class="act">
            <Link to={`/manager/held?${queryOf(each)}`} class="button quiet">
              Look<span class="unseen">{` at the case ${each.channel}`}</span>
            </Link>
          </td>
        </tr>
      ))}
    </Table>
  );
}

const namedIn = (read: (name: string) => string): Named => ({
  integration: read('integration').slice(0, 64),
  channel: read('channel').slice(0, 200),
});

/** Errors: 404, also for a case of another organization. */
async function find(visit: Visit, named: Named) {
  const { own } = visit.options;
  const { tenant } = accountOf(visit);
  const found = await heldCase({ own }, { tenant, ...named });
  const integration = await readIntegration(own, tenant, named.integration);
  if (!integration) throw new OutcomeError(404, 'unknown-id', 'There is no such integration');
  return { found, integration };
}

/** Both sides: what the case says, and whose record it may be. */
async function show(visit: Visit): Promise<Reply> {
  const { options, query, record } = visit;
  const named = namedIn((name) => query.get(name) ?? '');
  const { found, integration } = await find(visit, named);
  const { held } = found;
  const people = await Promise.all(held.candidates.map((id) => personOf(options, accountOf(visit), id)));
  const known = people.filter((each) => each !== undefined);
  await record({ interaction: 'held-case', action: 'R', patients: known.map(({ id }) => id) });
  return {
    title: 'Whose case is this?',
    page: (
      <>
        {query.has('changed') && <Notice>It has changed since you looked at it. Please look again.</Notice>}
        <h1>Whose case is this?</h1>
        <p class="lead">{held.doubts.map((doubt) => doubts[doubt]).join(' ')} Nothing of it is in the record yet.</p>
        <Sides side={arrivedSide(integration, held)} people={known} />
        <p>
          <Link to={`/manager/held.pdf?${queryOf(named)}`} class="button">
            Download its summary (PDF)
          </Link>
        </p>
        <div class="actions">
          {known.map((person) => (
            <PostForm key={person.id} to="/manager/held/accept">
              <Hidden named={named} question={held.question} />
              <input type="hidden" name="chosen" value={person.id} />
              <button class="primary">
                File it under <bdi>{person.name}</bdi> ({person.id})
              </button>
            </PostForm>
          ))}
          <PostForm to="/manager/held/reject">
            <Hidden named={named} question={held.question} />
            <button class="danger">Reject it</button>
          </PostForm>
          <Link to="/manager/integrations">Decide later</Link>
        </div>
        <p class="hint">
          A case that is rejected is filed nowhere. You are asked again if it, or the record, comes to say something
          else.
        </p>
      </>
    ),
  };
}

const Hidden = ({ named, question }: { named: Named; question: string }) => (
  <>
    <input type="hidden" name="integration" value={named.integration} />
    <input type="hidden" name="channel" value={named.channel} />
    <input type="hidden" name="question" value={question} />
  </>
);

const Sides = ({ side, people }: { side: Side; people: readonly Person[] }) => (
  <Table label="Both sides" heads={['Side', 'Name', 'Born', 'Sex', 'Known by']}>
    <tr>
      <th scope="row">The case</th>
      <td>
        <bdi>{side.name}</bdi>
      </td>
      <td>{dateText(side.birthDate)}</td>
      <td>{side.gender}</td>
      <td>
        <bdi>{`record number ${side.mrn}, visit number ${side.csn}`}</bdi>
      </td>
    </tr>
    {people.map((person) => (
      <tr key={person.id}>
        <th scope="row">In the record</th>
        {told(person.name, side.name)}
        {told(dateText(person.birthDate), dateText(side.birthDate))}
        {told(person.gender, side.gender)}
        <td>
          <code>{person.id}</code>
        </td>
      </tr>
    ))}
  </Table>
);

/** What the record says, and whether the case says something else: a cell, as tables want them. */
const told = (is: string, other: string) => (
  <td>
    <bdi>{is}</bdi> {is !== other && !other.startsWith('unknown') && <span class="badge mind">differs</span>}
  </td>
);

async function download(visit: Visit): Promise<Reply> {
  const named = namedIn((name) => visit.query.get(name) ?? '');
  const { found } = await find(visit, named);
  await visit.record({ interaction: 'held-document', action: 'R', patients: [...found.held.candidates] });
  return {
    file: {
      type: 'application/pdf',
      bytes: found.held.pdf,
      headers: { 'Content-Disposition': 'attachment; filename="held-case.pdf"' },
    },
  };
}

async function settle(visit: Visit, accepts: boolean): Promise<Reply> {
  const { fields } = visit;
  const { tenant, id: user } = accountOf(visit);
  const named = namedIn((name) => fields.one(name));
  const patient = accepts ? fields.one('chosen') : undefined;
  const deciding = { tenant, ...named, question: fields.one('question'), patient, by: user };
  if (!(await decide(filingOf(visit), deciding))) return { to: `/manager/held?${queryOf(named)}&changed=1` };
  return { to: `/manager/integrations?${accepts ? 'filed' : 'rejected'}=1` };
}

function filingOf({ options }: Visit): FilingOptions {
  const { own, facade, trail } = options;
  const { writer } = facade;
  if (!writer) throw new OutcomeError(405, 'read-only', 'The clinical tables are only read');
  return { ...facade, own, trail, writer };
}
