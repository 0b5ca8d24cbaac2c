import { demoResources } from '../../src/dev/demo/index.js';

/** The base of the URLs in it. */
export const BASE = 'http://localhost:8080/fhir/R4';

let made: Promise<{ readonly organization: string; readonly resource: any }[]> | undefined;

/** The demo's resources, made once for all who look at them. */
export const demoData = (): NonNullable<typeof made> =>
  (made ??= (async () => {
    const all: { organization: string; resource: any }[] = [];
    for await (const each of demoResources(BASE)) all.push(each);
    return all;
  })());
