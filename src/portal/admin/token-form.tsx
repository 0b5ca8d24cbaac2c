import { FORM_FIELD, newFormId } from '../forms.js';
import { Alert, Field, Link, PostForm } from '../layout.js';
import type { Reply } from '../visit.js';
import type { ScopeGroup } from './offered-scopes.js';
import { ScopeChoice } from './scope-choice.js';

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
        <ScopeChoice groups={groups} chosen={typed.scopes} example="For example vitals, or Patient" />
        <div class="actions">
          <button class="primary">Save</button>
          <Link to="/manager/tokens">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});
