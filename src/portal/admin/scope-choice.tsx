import { Field } from '../layout.js';
import type { ScopeGroup } from './offered-scopes.js';

interface Choosing {
  readonly groups: readonly ScopeGroup[];
  readonly chosen: readonly string[];
  /** What somebody may type to find one. */
  readonly example: string;
}

/** Scopes to tick, in groups. With JavaScript they can be searched. */
export const ScopeChoice = ({ groups, chosen, example }: Choosing) => (
  <>
    <div data-filter="scopes" hidden>
      <Field label="Find a scope" name="find" hint={example} autocomplete="off" />
    </div>
    <div id="scopes">
      {groups.map((group) => (
        <Group key={group.name} group={group} chosen={chosen} />
      ))}
    </div>
  </>
);

/** A group is closed until it is asked for, so that a phone shows what groups there are; what is chosen is open. */
function Group({ group: { name, scopes }, chosen }: { group: ScopeGroup; chosen: readonly string[] }) {
  return (
    <details class="group" open={scopes.length === 1 || scopes.some(({ text }) => chosen.includes(text))}>
      <summary>
        {name} <span class="badge">{`${String(scopes.length)} ${scopes.length === 1 ? 'scope' : 'scopes'}`}</span>
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
