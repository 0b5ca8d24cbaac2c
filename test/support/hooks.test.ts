import { dialect, dropTemplate } from './database.js';
import { notHere } from './only.js';

before(() => {
  process.stdout.write(`database: ${dialect}\n`);
});

after(async () => {
  await dropTemplate();
  for (const each of notHere) process.stdout.write(`\nnot run on ${dialect}: ${each}`);
});
