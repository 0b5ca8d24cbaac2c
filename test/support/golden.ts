import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../golden/', import.meta.url);

/** One golden resource: a situation that its name says. `BASE` in it stands for the server's FHIR base URL. */
export interface Golden {
  readonly name: string;
  text(base: string): string;
}

export const goldens: readonly Golden[] = readdirSync(folder)
  .sort()
  .map((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    return { name: file.replace('.json', ''), text: (base) => text.replaceAll('BASE/', `${base}/`) };
  });
