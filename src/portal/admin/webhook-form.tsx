import { eventNames, EVENTS } from '../../webhooks/events.js';
import { FORM_FIELD, newFormId } from '../forms.js';
import { Alert, Field, Link, PostForm, SelectField } from '../layout.js';
import type { Reply } from '../visit.js';

export interface Typed {
  readonly name: string;
  readonly url: string;
  readonly scheme: string;
  readonly events: readonly string[];
}

const nothing: Typed = {
  name: '',
  url: '',
  scheme: 'hmac',
  events: ['patient_channel.identifier.created', 'patient_channel.identifier.updated', 'document.created'],
};

/** What was typed is kept when it has a fault. */
export const webhookForm = (fault?: string, typed = nothing): Reply => ({
  status: fault === undefined ? 200 : 400,
  title: 'New webhook',
  page: (
    <div class="card">
      <h1>New webhook</h1>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to="/manager/webhooks">
        <input type="hidden" name={FORM_FIELD} value={newFormId()} />
        <Field
          label="Name"
          name="name"
          value={typed.name}
          hint="The system that it tells."
          required
          autocomplete="off"
        />
        <Field label="Address" name="url" value={typed.url} hint="https://..." required autocomplete="off" />
        <SelectField
          label="Signature"
          name="scheme"
          value={typed.scheme}
          choices={[
            ['hmac', 'HMAC-SHA256 with a time, by a secret that both sides know'],
            ['ed25519', 'Ed25519, by a public key that the other side may have'],
          ]}
        />
        <fieldset>
          <legend>Events</legend>
          <div class="choices">
            {eventNames.map((name) => (
              <label key={name} class="check">
                <input type="checkbox" name="event" value={name} checked={typed.events.includes(name)} />
                <span>
                  {EVENTS[name]}
                  <br />
                  <code class="hint">{name}</code>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="actions">
          <button class="primary">Save</button>
          <Link to="/manager/webhooks">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});
