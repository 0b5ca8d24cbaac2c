import { FORM_FIELD, newFormId } from '../forms.js';
import { Alert, Field, Link, PostForm } from '../layout.js';
import type { Reply } from '../visit.js';
import type { ScopeGroup } from './offered-scopes.js';
import { ScopeChoice } from './scope-choice.js';

/** What somebody typed of an app, as they typed it. */
export interface TypedApp {
  readonly name: string;
  readonly proof: string;
  readonly jwksUrl: string;
  readonly redirectUris: string;
  readonly origins: string;
  readonly launchUrl: string;
  readonly logoUrl: string;
  readonly scopes: readonly string[];
}

/** How an app proves itself, as somebody who registers one thinks of it. */
export const proofs: readonly (readonly [value: string, says: string])[] = [
  ['public', 'Not at all: it runs in browsers or on devices, and cannot keep a secret'],
  ['secret', 'By a secret, which its server keeps'],
  ['keys', 'By signatures: its public keys are at a URL'],
];

/** What was typed is kept when it has a fault. */
export const appForm = (groups: readonly ScopeGroup[], typed: TypedApp, faults: readonly string[] = []): Reply => ({
  status: faults.length === 0 ? 200 : 400,
  title: 'Register an app',
  page: (
    <div class="card">
      <h1>Register an app</h1>
      {faults.map((fault) => (
        <Alert key={fault}>{fault}</Alert>
      ))}
      <PostForm to="/manager/apps">
        <input type="hidden" name={FORM_FIELD} value={newFormId()} />
        <Field label="Name" name="name" value={typed.name} hint="As users see it." required autocomplete="off" />
        <Lines
          label="Redirect URIs"
          name="redirectUris"
          value={typed.redirectUris}
          hint="One a line, letter by letter: https, http on the user’s own machine, or a scheme like com.example.app:/back"
        />
        <fieldset>
          <legend>How it proves itself</legend>
          {proofs.map(([value, says]) => (
            <label key={value} class="check">
              <input type="radio" name="proof" value={value} checked={typed.proof === value} />
              <span>{says}</span>
            </label>
          ))}
        </fieldset>
        <Field
          label="URL of its keys"
          name="jwksUrl"
          value={typed.jwksUrl}
          hint="A JWK Set; only where it signs."
          autocomplete="off"
        />
        <Field
          label="Launch URL"
          name="launchUrl"
          value={typed.launchUrl}
          hint="The page that an EHR opens; only where one does."
          autocomplete="off"
        />
        <Lines
          label="Origins"
          name="origins"
          value={typed.origins}
          hint="Pages that may use its tokens, one a line. Without any, those of the redirect URIs."
        />
        <Field
          label="URL of its logo"
          name="logoUrl"
          value={typed.logoUrl}
          hint="A PNG or JPEG of at most 64 kB. It is copied now, and users’ browsers fetch nothing from there."
          autocomplete="off"
        />
        <h2>The most that it may ask for</h2>
        <ScopeChoice groups={groups} chosen={typed.scopes} example="For example Patient" />
        <div class="actions">
          <button class="primary">Save</button>
          <Link to="/manager/apps">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});

function Lines({ label, name, value, hint }: { label: string; name: string; value: string; hint: string }) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <textarea id={name} name={name} rows={3} spellcheck={false} aria-describedby={`${name}-hint`}>
        {value}
      </textarea>
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    </div>
  );
}
