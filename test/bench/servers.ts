import type { ChildProcess } from 'node:child_process';
import { createCredential } from '../../src/auth/store.js';
import { openDatabase } from '../../src/store/database.js';
import { requestToken } from '../support/client.js';
import type { Data } from './data.js';
import { answer, start, stop } from './processes.js';
import { TENANT } from './templates.js';

/** A server that is being measured. */
export interface Server {
  readonly port: number;
  readonly process: ChildProcess;
  /** The text of a GET request of it. */
  request(path: string): string;
}

export interface PorticoServer extends Server {
  readonly credential: string;
  /** Of a GET, or with a body of a POST. */
  request(path: string, body?: object): string;
  /** The text of a request for a token by the credential's secret. */
  readonly tokenRequest: string;
}

/** An entry cache in which nothing that is asked for is found again: it holds less than two pages. */
export const COLD = 64 * 1024;

/** Starts servers and remembers them, so that measurements share them. */
export class Servers {
  readonly #running = new Map<string, Promise<PorticoServer>>();
  readonly #processes: ChildProcess[] = [];
  #bare: Promise<Server> | undefined;

  bare(): Promise<Server> {
    return (this.#bare ??= this.#startBare());
  }

  /** Portico on these data. A name other than the usual one is another process. */
  portico(data: Data, cacheBytes?: number, name = ''): Promise<PorticoServer> {
    const key = `${data.environment['PORTICO_DATABASE_URL'] ?? ''} ${String(cacheBytes)} ${name}`;
    let server = this.#running.get(key);
    if (!server) this.#running.set(key, (server = this.#startPortico(data, cacheBytes)));
    return server;
  }

  /** A process that ends with the others. */
  start(script: string): ChildProcess {
    const child = start(script);
    this.#processes.push(child);
    return child;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(stop));
  }

  async #startBare(): Promise<Server> {
    const child = this.start('bare-koa');
    const { port } = await answer<{ port: number }>(child);
    return { port, process: child, request: (path) => get(path, port) };
  }

  async #startPortico(data: Data, cacheBytes: number | undefined): Promise<PorticoServer> {
    const environment = {
      ...data.environment,
      ...(cacheBytes !== undefined && { BENCH_CACHE_BYTES: String(cacheBytes) }),
    };
    const credential = await newCredential(data);
    const child = start('portico', { environment });
    this.#processes.push(child);
    const { port } = await answer<{ port: number }>(child);
    const token = await requestToken(`http://127.0.0.1:${String(port)}`, credential);
    const authorization = `Authorization: Bearer ${String(token.body.access_token)}\r\n`;
    return {
      port,
      process: child,
      credential: credential.id,
      tokenRequest: tokenRequest(port, 'grant_type=client_credentials', basic(credential)),
      request: (path, body) =>
        body ? post(`/fhir/R4/${path}`, port, authorization, body) : get(`/fhir/R4/${path}`, port, authorization),
    };
  }
}

const get = (path: string, port: number, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\nAccept: application/fhir+json\r\n${headers}\r\n`;

function post(path: string, port: number, headers: string, body: object): string {
  const text = JSON.stringify(body);
  const about = `Content-Type: application/fhir+json\r\nContent-Length: ${String(Buffer.byteLength(text))}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\n${headers}${about}\r\n${text}`;
}

const basic = ({ id, secret }: { id: string; secret: string }): string =>
  `Authorization: Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}\r\n`;

/** The text of a request for a token, by a form of ASCII. */
export function tokenRequest(port: number, form: string, headers = ''): string {
  const about = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${String(form.length)}\r\n`;
  return `POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\n${headers}${about}\r\n${form}`;
}

async function newCredential({ environment }: Data): Promise<{ id: string; secret: string }> {
  const db = await openDatabase(environment['PORTICO_DATABASE_URL'] as string);
  try {
    const credential = { tenant: TENANT, kind: 'client', name: 'bench', scopeCeiling: 'system/*.cruds' } as const;
    return await createCredential(db, credential, Date.now());
  } finally {
    await db.close();
  }
}
