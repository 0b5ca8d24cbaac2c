import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UpstreamChannel, UpstreamIdentifier } from './channel.js';
import { answer, type Answer, type Fault } from './faults.js';
import { summaryOf } from './summary.js';
import { bodyOf, send, type Receiver, type Sending } from './webhooks.js';

export type Step = 'channel' | 'summary';

export interface UpstreamOptions {
  readonly port?: number;
  /** What the caller sends as `x-api-key`, or as a bearer. */
  readonly token: string;
  /** Requests that are answered in a second; the others are 429. */
  readonly perSecond?: number;
}

const NOTHING: Answer = { type: 'application/json', body: Buffer.from('{}') };

/** A Pulsara to develop and test against: channels, summaries, signed webhooks, a limit, and faults on request. */
export class Upstream {
  readonly #channels = new Map<string, UpstreamChannel>();
  readonly #faults: { readonly step: Step; readonly fault: Fault; readonly channel: string | undefined }[] = [];
  readonly #summaries = new WeakMap<UpstreamChannel, Promise<Buffer>>();
  readonly #server: Server;
  #receiver: Receiver | undefined;
  #events = 0;
  #second = 0;
  #inSecond = 0;
  /** What was asked for, in order. */
  readonly asked: { readonly step: Step; readonly channel: string; readonly status: number }[] = [];
  /** Called when a request has come, before it is answered. */
  onAsked: ((step: Step, channel: string) => void | Promise<void>) | undefined;

  /** Called when the last byte of an answer has left. */
  onAnswered: ((step: Step, channel: string) => void) | undefined;

  private constructor(private readonly options: UpstreamOptions) {
    const app = new Koa();
    // A connection that was broken on purpose is no news.
    app.on('error', () => undefined);
    const router = new Router({ prefix: '/api/v1/patient-channels' });
    router.get('/', (ctx) => this.#list(ctx));
    router.get('/:id', (ctx) => this.#serve(ctx, 'channel'));
    router.get('/:id/summary', (ctx) => this.#serve(ctx, 'summary'));
    app.use(router.routes() as unknown as Koa.Middleware);
    const handle = app.callback();
    this.#server = createServer((request, response) => void handle(request, response));
  }

  static async start(options: UpstreamOptions): Promise<Upstream> {
    const upstream = new Upstream(options);
    await new Promise<void>((resolve, reject) => {
      upstream.#server.once('error', reject);
      upstream.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Whoever is told of identifiers from now on. */
  tell(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** The next request of a step goes wrong: for one channel, or for any. */
  fail(step: Step, fault: Fault, channel?: string): void {
    this.#faults.push({ step, fault, channel });
  }

  /** A channel as it is from now on; nobody is told. With another id, that is what is found there by mistake. */
  put(channel: UpstreamChannel, id: string = channel.id): void {
    this.#channels.set(id, channel);
  }

  read(id: string): UpstreamChannel {
    const channel = this.#channels.get(id);
    if (!channel) throw new Error('there is no such channel');
    return channel;
  }

  /** Somebody enters an identifier, or changes one; the same value again is no event (PULSARA 7). */
  async identify(channel: string, identifier: UpstreamIdentifier, sending?: Sending): Promise<number | undefined> {
    const before = this.read(channel);
    const known = before.identifiers.find(({ id }) => id === identifier.id);
    if (known?.value === identifier.value && known.name === identifier.name) return undefined;
    const others = before.identifiers.filter(({ id }) => id !== identifier.id);
    this.put({ ...before, identifiers: [...others, identifier] });
    return this.notify(this.event(known ? 'updated' : 'created', channel, identifier), sending);
  }

  /** A webhook that may be sent now, later, or twice. */
  event(event: 'created' | 'updated', channel: string, identifier: Omit<UpstreamIdentifier, 'value'>): string {
    const id = `evt_${String(process.pid)}_${String(++this.#events)}`;
    return bodyOf(id, event, channel, identifier, new Date().toISOString());
  }

  async notify(body: string, sending?: Sending): Promise<number> {
    if (!this.#receiver) throw new Error('nobody is to be told');
    return send(this.#receiver, body, sending);
  }

  #list(ctx: Context): void {
    if (!this.#admits(ctx)) return;
    const lines = [...this.#channels.values()].map(({ id, status, started_at }) => ({ id, status, started_at }));
    ctx.body = { patient_channels: lines, next: null };
  }

  async #serve(ctx: Context, step: Step): Promise<void> {
    const { id } = (ctx as unknown as { params: { id: string } }).params;
    ctx.res.once('finish', () => this.onAnswered?.(step, id));
    await this.onAsked?.(step, id);
    const planned = this.#faults.findIndex((each) => each.step === step && (each.channel ?? id) === id);
    const fault = planned < 0 ? undefined : this.#faults.splice(planned, 1)[0]?.fault;
    const channel = this.#channels.get(id);
    if (this.#admits(ctx)) {
      if (!channel) await answer(ctx, NOTHING, fault ?? 'unknown');
      // `*/*` is not that header: the vendor's API fails without it.
      else if (step === 'summary' && ctx.req.headers.accept !== 'application/pdf') ctx.status = 406;
      else await answer(ctx, await this.#answerOf(step, channel), fault);
    }
    this.asked.push({ step, channel: id, status: ctx.status });
  }

  async #answerOf(step: Step, channel: UpstreamChannel): Promise<Answer> {
    return step === 'summary'
      ? { type: 'application/pdf', body: await this.#summaryOf(channel) }
      : { type: 'application/json', body: Buffer.from(JSON.stringify(channel)) };
  }

  /** Made once: it is as the channel is. */
  #summaryOf(channel: UpstreamChannel): Promise<Buffer> {
    let summary = this.#summaries.get(channel);
    if (!summary) this.#summaries.set(channel, (summary = summaryOf(channel)));
    return summary;
  }

  /** The token and the limit. */
  #admits(ctx: Context): boolean {
    const { 'x-api-key': key, authorization } = ctx.req.headers;
    if (key !== this.options.token && authorization !== `Bearer ${this.options.token}`) {
      ctx.status = 401;
      return false;
    }
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    if (++this.#inSecond <= (this.options.perSecond ?? Infinity)) return true;
    ctx.status = 429;
    ctx.set('Retry-After', '1');
    return false;
  }
}
