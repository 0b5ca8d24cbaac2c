import { dialect, dropTemplate } from './database.js';

before(() => {
  process.stdout.write(`database: ${dialect}\n`);
});

after(() => dropTemplate());
