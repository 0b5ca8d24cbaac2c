import assert from 'node:assert/strict';
import { judge } from './judge.js';

/** An answer, read. A FHIR body has been validated as R4 by the time a test sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Tests look into bodies of every shape.
  readonly body: any;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | URLSearchParams;
  /** Send no token. */
  readonly anonymous?: boolean;
}

/** An HTTP client with a token, which judges every answer that it gets. */
export class Client {
  constructor(
    readonly url: string,
    readonly token: string,
    /** The token endpoint's answer. */
    readonly granted: Record<string, any> = {},
  ) {}

  static async login(url: string, { id, secret }: { id: string; secret: string }, scope?: string): Promise<Client> {
    const answer = await requestToken(url, { id, secret, ...(scope !== undefined && { scope }) });
    assert.equal(answer.status, 200, answer.text);
    return new Client(url, answer.body.access_token as string, answer.body);
  }

  get(path: string, asked: Asked = {}): Promise<Answer> {
    return this.ask(path, asked);
  }

  /** The ids of the matches of a search, in order. */
  async ids(path: string): Promise<string[]> {
    const { status, body, text } = await this.ask(path);
    assert.equal(status, 200, text);
    return matches(body).map((resource) => resource.id as string);
  }

  postSearch(type: string, form: Record<string, string>, asked: Asked = {}): Promise<Answer> {
    return this.ask(`${type}/_search`, { ...asked, method: 'POST', body: new URLSearchParams(form) });
  }

  /** Sends a resource, or what else is JSON. */
  send(method: string, path: string, body: object | string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, {
      method,
      headers: { 'content-type': 'application/fhir+json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  remove(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, { method: 'DELETE', headers });
  }

  async ask(path: string, { headers = {}, anonymous, ...init }: Asked = {}): Promise<Answer> {
    const target = /^https?:/.test(path) ? path : `${this.url}/fhir/R4${path === '' ? '' : '/'}${path}`;
    const response = await fetch(target, {
      redirect: 'error',
      ...init,
      headers: { ...(anonymous ? {} : { authorization: `Bearer ${this.token}` }), ...headers },
    });
    const { status, headers: answered } = response;
    const bytes = Buffer.from(await response.arrayBuffer());
    const body = judge({ method: init.method ?? 'GET', status, headers: answered, bytes });
    return { status, headers: answered, text: bytes.toString('utf8'), body };
  }
}

export const matches = (bundle: any): any[] =>
  (bundle.entry ?? []).filter((entry: any) => entry.search.mode === 'match').map((entry: any) => entry.resource);

export const included = (bundle: any): any[] =>
  (bundle.entry ?? []).filter((entry: any) => entry.search.mode === 'include').map((entry: any) => entry.resource);

export async function requestToken(
  url: string,
  { id, secret, scope, inBody }: { id: string; secret: string; scope?: string; inBody?: boolean },
): Promise<Answer> {
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: inBody ? {} : { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...(inBody && { client_id: id, client_secret: secret }),
      ...(scope !== undefined && { scope }),
    }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}
