import {
  cloneElement,
  createContext,
  toChildArray,
  type ComponentChild,
  type ComponentChildren,
  type ComponentProps,
  type VNode,
} from 'preact';
import { useContext } from 'preact/hooks';
import type { Account } from '../auth/accounts.js';
import { CSRF_FIELD } from './forms.js';

/** What every page knows. */
export interface Site {
  /** What stands before every path, where Portico is served below one. */
  readonly root: string;
  readonly csrf: string;
  readonly account: Account | undefined;
  /** Whose page it is. */
  readonly organization: string;
  readonly path: string;
  readonly title: string;
}

export const SiteContext = createContext<Site>({
  ...{ root: '', csrf: '', account: undefined, organization: '', path: '', title: '' },
});
export const useSite = (): Site => useContext(SiteContext);

export function Link(props: {
  to: string;
  current?: boolean | undefined;
  class?: string;
  children: ComponentChildren;
}) {
  const { root } = useSite();
  const { to, current, children } = props;
  return (
    <a href={`${root}${to}`} class={props.class} aria-current={current ? 'page' : undefined}>
      {children}
    </a>
  );
}

/** A form that changes something: it carries the proof that it is ours. */
export function PostForm(props: { to: string; class?: string; children: ComponentChildren }) {
  const { root, csrf } = useSite();
  return (
    <form method="post" action={`${root}${props.to}`} class={props.class}>
      <input type="hidden" name={CSRF_FIELD} value={csrf} />
      {props.children}
    </form>
  );
}

/** A form that only asks: what it asks for stands in the URL. */
export function FilterForm(props: { to: string; children: ComponentChildren }) {
  const { root } = useSite();
  return (
    <form method="get" action={`${root}${props.to}`} class="card" role="search">
      {props.children}
    </form>
  );
}

export function SearchForm(props: { to: string; label: string; value: string; hint: string }) {
  const { root } = useSite();
  return (
    <form method="get" action={`${root}${props.to}`} class="search" role="search">
      <Field label={props.label} name="q" value={props.value} hint={props.hint} />
      <button>Search</button>
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: 'text' | 'email' | 'password' | 'date';
  readonly value?: string;
  readonly hint?: string;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly inputmode?: 'text' | 'numeric' | 'email';
  readonly maxlength?: number;
}

export function Field({ label, name, hint, type = 'text', ...more }: FieldProps) {
  const hintId = `${name}-hint`;
  // The types of the attributes are a union over `type`, which is not known here.
  const input = { type, ...more } as ComponentProps<'input'>;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} aria-describedby={hint === undefined ? undefined : hintId} {...input} />
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  );
}

export const SelectField = (props: {
  label: string;
  name: string;
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
}) => (
  <div class="field">
    <label for={props.name}>{props.label}</label>
    <select id={props.name} name={props.name}>
      {props.choices.map(([value, text]) => (
        <option key={value} value={value} selected={value === props.value}>
          {text}
        </option>
      ))}
    </select>
  </div>
);

export const Alert = ({ children }: { children: ComponentChild }) => (
  <p class="alert" role="alert">
    {children}
  </p>
);

/** Says what to mind: nothing went wrong. */
export const Notice = ({ children }: { children: ComponentChild }) => <p class="notice">{children}</p>;

/** Says that something was done. */
export const Toast = ({ children }: { children: ComponentChild }) => (
  <p class="toast" role="status">
    {children}
  </p>
);

/** A text to copy. Without JavaScript it is selected whole by a click. */
export function Secret({ label, id, value }: { label: string; id: string; value: string }) {
  return (
    <div class="secret">
      <label for={id}>{label}</label>
      <div class="copy">
        <input id={id} value={value} readonly class="code" spellcheck={false} />
        <button type="button" class="quiet" data-copy={id} aria-label={`Copy ${label}`} hidden>
          Copy
        </button>
      </div>
    </div>
  );
}

/**
 * A table whose rows are cards on a phone, where each cell says what it is. Its children are `tr` elements. The roles
 * are those that browsers forget when a table is no longer laid out as one.
 */
export function Table(props: { label: string; heads: readonly string[]; children: ComponentChildren }) {
  return (
    <div class="scroll" role="region" aria-label={props.label} tabindex={0}>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {props.heads.map((head) => (
              <th key={head} role="columnheader" scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">{elements(props.children).map((row) => labelled(row, props.heads))}</tbody>
      </table>
    </div>
  );
}

function labelled(row: Element, heads: readonly string[]): Element {
  const cells = elements(row.props.children).map((cell, at) =>
    cloneElement(cell, { role: cell.type === 'th' ? 'rowheader' : 'cell', 'data-label': heads[at] }),
  );
  return cloneElement(row, { role: 'row' }, cells);
}

type Element = VNode<{ readonly children?: ComponentChildren; readonly role?: string; readonly 'data-label'?: string }>;

const elements = (children: ComponentChildren): Element[] =>
  toChildArray(children).filter((child): child is Element => typeof child === 'object');

/** Nothing at all where there is nothing: a card leaves out what is empty. */
export const Code = ({ text }: { text: string }) => (text === '' ? null : <code>{text}</code>);

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A time, in UTC: the server does not know where its reader is. Where there is JavaScript it becomes their own time. */
export const Time = ({ at }: { at: number | undefined }) =>
  at === undefined ? (
    <span>never</span>
  ) : (
    <time datetime={new Date(at).toISOString()}>{`${format.format(at)} UTC`}</time>
  );

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });

export const Day = ({ at }: { at: number }) => <>{day.format(at)}</>;

const longDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** A FHIR date as people write it; one without a day, or without a month, stays as it is. */
export const dateText = (date: string): string =>
  /^\d{4}-\d\d-\d\d$/.test(date) ? longDay.format(Date.parse(date)) : date;
