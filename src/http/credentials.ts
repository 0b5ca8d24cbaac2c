import type { Context } from 'koa';

/** The request headers that say who asks. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** `X-On-Behalf-Of`: the user for whom a service acts. */
  readonly onBehalfOf: string | undefined;
}

/** What a request of the native API says of its caller. */
export interface ApiCredentials extends Credentials {
  readonly apiKey: string | undefined;
  readonly ip: string;
}

export function credentialsOf({ req }: Context): Credentials {
  return { authorization: req.headers.authorization, onBehalfOf: text(req.headers['x-on-behalf-of']) };
}

export function apiCredentialsOf(ctx: Context): ApiCredentials {
  return { ...credentialsOf(ctx), apiKey: text(ctx.req.headers['x-api-key']), ip: ctx.ip };
}

const text = (value: string | string[] | undefined): string | undefined =>
  value === undefined ? undefined : String(value);
