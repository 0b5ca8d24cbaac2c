// A build starts from nothing, so that a file deleted from the source cannot live on in the product. The definitions are
// overwritten instead: a server that runs from here while it is built again still reads them.
import { rmSync } from 'node:fs';

for (const folder of ['chunks', 'src', 'fhir', 'migrations'])
  rmSync(new URL(`../dist/${folder}`, import.meta.url), { recursive: true, force: true });
