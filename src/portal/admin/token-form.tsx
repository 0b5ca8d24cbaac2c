import { FORM_FIELD, newFormId } from '../forms.js';
import { Alert, Field, Link, PostForm } from '../layout.js';
import type { Reply } from '../visit.js';
import type { ScopeGroup } from './offered-scopes.js';

interface Typed {
  readonly name: string;
  readonly expires: string;
  readonly scopes: readonly string[];
}

const nothing: Typed = { name: '', expires: '', scopes: [] };

/** What was typed is kept when it has a fault. */
export const tokenForm = (groups: readonly ScopeGroup[], fault?: string, typed = nothing): Reply => ({
  status: fault === undefined ? 200 : 400,
  title: 'New API token',
  page: (
    <div class="card">
      <h1>New API token</h1>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to="/manager/tokens">
        <input type="hidden" name={FORM_FIELD} value={newFormId()} />
        <Field
          label="Name"
          name="name"
          value={typed.name}
          hint="The system that it is for."
          required
          autocomplete="off"
        />
        <Field
          label="Last day"
          name="expires"
          type="date"
          value={typed.expires}
          hint="In UTC. Without one it lives until it is revoked."
        />
        <h2>Scopes</h2>
        <div data-filter="scopes" hidden>
          <Field label="Find a scope" name="find" hint="For example vitals, or Patient" autocomplete="off" />
        </div>
        <div id="scopes">
          {groups.map((group) => (
            <Group key={group.name} group={group} chosen={typed.scopes} />
          ))}
        </div>
        <div class="actions">
          <button class="primary">Save</button>
          <Link to="/manager/tokens">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});

/** A group is closed until it is asked for, so that a phone shows what groups there are; what is chosen is open. */
function Group({ group: { name, scopes }, chosen }: { group: ScopeGroup; chosen: readonly string[] }) {
  return (
    <details class="group" open={scopes.length === 1 || scopes.some(({ text }) => chosen.includes(text))}>
      <summary>
        {name} <span class="badge">{scopes.length}</span>
      </summary>
      <fieldset>
        <legend class="unseen">{name}</legend>
        <div class="choices">
          {scopes.map(({ text, says }) => (
            <label key={text} class="check">
              <input type="checkbox" name="scope" value={text} checked={chosen.includes(text)} />
              <span>
                {says}
                <br />
                <code class="hint">{text}</code>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
    </details>
  );
}
