import type { ComponentChildren } from 'preact';
import type { Account } from '../auth/accounts.js';
import { assetsVersion } from './assets.js';
import { Link, PostForm, SiteContext, useSite, type Site } from './layout.js';

interface NavItem {
  readonly to: string;
  readonly text: string;
}

const patientNav: readonly NavItem[] = [
  { to: '/portal', text: 'My History' },
  { to: '/portal/keys', text: 'FHIR API Access' },
  { to: '/portal/log', text: 'Access log' },
];
const keysNav: readonly NavItem[] = [
  { to: '/manager/tokens', text: 'API Tokens' },
  { to: '/manager/apps', text: 'Apps' },
  { to: '/manager/webhooks', text: 'Webhooks' },
];
const adminNav: readonly NavItem[] = [
  { to: '/manager/integrations', text: 'Integrations' },
  { to: '/manager/users', text: 'Users' },
  { to: '/manager/patients', text: 'Patients' },
  { to: '/manager/audit', text: 'Audit' },
  { to: '/manager/status', text: 'Status' },
];
const ownNav: readonly NavItem[] = [
  { to: '/oauth/manage', text: 'Connected apps' },
  { to: '/portal/account', text: 'My account' },
];

function navOf({ roles, canManageKeys }: Account): readonly NavItem[] {
  const isAdmin = roles.includes('admin');
  return [
    ...(roles.includes('patient') ? patientNav : []),
    ...(isAdmin && canManageKeys ? keysNav : []),
    ...(isAdmin ? adminNav : []),
    ...ownNav,
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
          <title>{`${site.title} · ${site.organization}`}</title>
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
            <p>
              <span>
                {site.account && 'Your session ends after 15 minutes without use, and after 8 hours in any case.'}
              </span>
              <span>Served by Portico</span>
            </p>
          </footer>
        </body>
      </html>
    </SiteContext.Provider>
  );
}

function Header() {
  const { account, organization, path } = useSite();
  return (
    <header>
      <div class="bar">
        <span class="brand">
          <Mark />
          <bdi>{organization}</bdi>
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
  <svg class="mark" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false">
    <path d="M12 2 2 8v2h20V8zM4 12h3v7H4zm6.5 0h3v7h-3zM17 12h3v7h-3zM2 20h20v2H2z" fill="currentColor" />
  </svg>
);
