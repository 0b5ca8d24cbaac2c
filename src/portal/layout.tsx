import { createContext, type ComponentChild, type ComponentChildren, type ComponentProps } from 'preact';
import { useContext } from 'preact/hooks';
import type { Account } from '../auth/accounts.js';
import { assetsVersion } from './assets.js';
import { CSRF_FIELD } from './forms.js';

/** What every page knows. */
export interface Site {
  /** What stands before every path, where Portico is served below one. */
  readonly root: string;
  readonly csrf: string;
  readonly account: Account | undefined;
  readonly path: string;
  readonly title: string;
}

const SiteContext = createContext<Site>({ root: '', csrf: '', account: undefined, path: '', title: '' });
const useSite = (): Site => useContext(SiteContext);

interface NavItem {
  readonly to: string;
  readonly text: string;
}

const patientNav: readonly NavItem[] = [
  { to: '/portal', text: 'My History' },
  { to: '/portal/keys', text: 'FHIR API Access' },
  { to: '/portal/log', text: 'Access log' },
];
const appsNav: readonly NavItem[] = [{ to: '/oauth/manage', text: 'Connected apps' }];
const adminNav: readonly NavItem[] = [
  { to: '/manager/users', text: 'Users' },
  { to: '/manager/patients', text: 'Patients' },
  { to: '/manager/status', text: 'Status' },
];
const keysNav: readonly NavItem[] = [{ to: '/manager/tokens', text: 'API Tokens' }];

function navOf({ roles, canManageKeys }: Account): readonly NavItem[] {
  const isAdmin = roles.includes('admin');
  return [
    ...(roles.includes('patient') ? patientNav : []),
    ...appsNav,
    ...(isAdmin && canManageKeys ? keysNav : []),
    ...(isAdmin ? adminNav : []),
  ];
}

/** A whole document. It needs no JavaScript; the one script only adds to it. */
export function Document({ site, children }: { site: Site; children: ComponentChildren }) {
  const asset = (name: string): string => `${site.root}/portal/assets/${name}?v=${assetsVersion}`;
  return (
    <SiteContext.Provider value={site}>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>{`${site.title} · Portico`}</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href={asset('portal.css')} />
          <script src={asset('portal.js')} defer />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <Header />
          <main id="main" tabindex={-1}>
            {children}
          </main>
          <footer>
            <p>Your session ends after 15 minutes without use, and after 8 hours in any case.</p>
          </footer>
        </body>
      </html>
    </SiteContext.Provider>
  );
}

function Header() {
  const { account, path } = useSite();
  return (
    <header>
      <div class="bar">
        <span class="brand">
          <Mark /> Portico
        </span>
        {account && (
          <div class="who">
            <bdi>{account.name}</bdi>
            <PostForm to="/portal/logout" class="inline">
              <button class="quiet">Log out</button>
            </PostForm>
          </div>
        )}
      </div>
      {account && (
        <nav aria-label="Pages">
          <ul>
            {navOf(account).map(({ to, text }) => (
              <li key={to}>
                <Link to={to} current={path === to || (to !== '/portal' && path.startsWith(`${to}/`))}>
                  {text}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </header>
  );
}

/** Three columns under a roof. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
    <path d="M12 2 2 8v2h20V8zM4 12h3v7H4zm6.5 0h3v7h-3zM17 12h3v7h-3zM2 20h20v2H2z" fill="currentColor" />
  </svg>
);

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

export const Alert = ({ children }: { children: ComponentChild }) => (
  <p class="alert" role="alert">
    {children}
  </p>
);

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

/** A table that can be scrolled on a narrow screen, also by keyboard. */
export function Table(props: { label: string; heads: readonly string[]; children: ComponentChildren }) {
  return (
    <div class="scroll" role="region" aria-label={props.label} tabindex={0}>
      <table>
        <thead>
          <tr>
            {props.heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A time, in UTC: the server does not know where its reader is. */
export const Time = ({ at }: { at: number | undefined }) =>
  at === undefined ? (
    <span>never</span>
  ) : (
    <time datetime={new Date(at).toISOString()}>{`${format.format(at)} UTC`}</time>
  );
