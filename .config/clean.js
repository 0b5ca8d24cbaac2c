// A build starts from nothing, so that a file deleted from the source cannot live on in the product.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
