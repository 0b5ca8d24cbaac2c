import type { ComponentChild } from 'preact';
import type { Scopes } from '../access/scopes.js';
import type { Action } from '../audit/event.js';
import type { Trail } from '../audit/trail.js';
import type { AuthOptions } from '../auth/issue.js';
import type { Account } from '../auth/accounts.js';
import type { OutboundOptions } from '../outbound/safe-fetch.js';
import type { Facade } from '../rest/facade.js';
import type { Fields } from './forms.js';
import type { LoggedIn } from './session.js';

/** What the pages work with. */
export interface PortalOptions extends AuthOptions {
  readonly facade: Facade;
  readonly trail: Trail;
  readonly scopes: Scopes;
  /** How URLs are asked that somebody typed. */
  readonly outbound: OutboundOptions;
}

/** Somebody opens a page or sends a form. */
export interface Visit {
  readonly options: PortalOptions;
  /** What stands in the path for `:id`. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The form; on a route from anywhere also the query of a link, as somebody else wrote it. */
  readonly fields: Fields;
  readonly ip: string;
  /** What the cookie holds; a new one, where there was none. */
  readonly session: string;
  /** Who is logged in; only pages for anybody have none. */
  readonly account: Account | undefined;
  /** The same, with the times of their session. */
  readonly login: LoggedIn | undefined;
  /** When they last proved their second factor in this session. */
  readonly provedAt: number | undefined;
  /** As routes write it: without what stands before it where Portico is served below a path. */
  readonly path: string;
  readonly requestId: string;
  /** Where somebody was when they had to log in. */
  readonly back: Back | undefined;
  /** Records what was done, or whose data was shown. */
  readonly record: (what: Recorded) => void | Promise<void>;
}

/** A page of ours that somebody was on: below the root, with its query. */
export interface Back {
  readonly to: string;
  readonly who: Route['who'];
}

export interface Recorded {
  readonly interaction: string;
  readonly action: Action;
  readonly status?: number;
  readonly type?: string;
  readonly entity?: string;
  /** The credential that it was about. */
  readonly credential?: string;
  readonly patients?: readonly string[];
  /** Somebody who is not logged in yet. */
  readonly account?: Account;
}

export type Reply =
  | {
      readonly status?: number;
      readonly title: string;
      readonly page: ComponentChild;
      /** What the cookie shall hold from now on. */
      readonly session?: string;
      /** The redirect URI to which its form leads in the end: browsers want to know before. */
      readonly leadsTo?: string | undefined;
      /** Whose page it is, where nobody is logged in. */
      readonly organization?: string | undefined;
    }
  /** Somewhere else: back to an app. */
  | { readonly away: string }
  /** After a form, so that a reload does not send it again. */
  | { readonly to: string; readonly session?: string }
  | { readonly file: { readonly type: string; readonly bytes: Buffer; readonly headers: Record<string, string> } };

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `:id` stands for any one segment. */
  readonly path: string;
  /** Who may: `user` is whoever is logged in, `keys` an admin who can manage keys. */
  readonly who: 'anybody' | 'user' | 'patient' | 'admin' | 'keys';
  /** Other sites send users here. Nobody is known by it, and no cookie comes of it. */
  readonly fromAnywhere?: true;
  /** A form that gives power: whoever has a second factor proves it again, unless they did so minutes ago. */
  readonly stepUp?: true;
  /** Of a file: the page from which it is taken. */
  readonly from?: string;
  readonly handle: (visit: Visit) => Promise<Reply>;
}

export function mayOpen(who: Route['who'], { roles, canManageKeys }: Account): boolean {
  if (who === 'user') return true;
  if (who === 'patient') return roles.includes('patient');
  return roles.includes('admin') && (who === 'admin' || canManageKeys);
}

/** Whoever is logged in, on a page that asks for it. */
export function accountOf({ account }: Visit): Account {
  if (!account) throw new Error('the page is for anybody');
  return account;
}
