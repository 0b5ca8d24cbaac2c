// Writes the texts of all resources as the built product would: what the bench measures is not what its own code wrote.
import { readConfig } from '../../../dist/src/config.js';
import { openPortico } from '../../../dist/src/open.js';

const portico = await openPortico(readConfig());
const count = await portico.renew({ rest: 0 });
await portico.close();
process.send({ count });
process.disconnect();
