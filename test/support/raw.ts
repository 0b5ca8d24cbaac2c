import { request } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface RawAsked {
  readonly method?: string;
  /** A list sends the header once for each. */
  readonly headers?: Record<string, string | string[]>;
  /** Chunks, without a Content-Length. */
  readonly chunks?: readonly string[];
}

/** A request as it is: fetch adds headers, joins those given twice, and mends URLs. */
export function raw(url: string, path: string, { method, headers, chunks }: RawAsked = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: method ?? 'GET', headers: headers ?? {}, agent: false });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => {
        const bytes = Buffer.concat(parts);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text: bytes.toString('utf8'),
        });
      });
    });
    for (const chunk of chunks ?? []) sent.write(chunk);
    sent.end();
  });
}
