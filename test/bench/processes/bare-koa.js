// What everything is compared with: Koa and nothing else, answering a fixed JSON of 1.5 kB.
// JavaScript, as all that is measured, so that no loader stands between Node and the code.
import { createServer } from 'node:http';
import Koa from 'koa';
import { ready } from './ready.js';

const app = new Koa();
const body = JSON.stringify({ text: 'x'.repeat(1500 - '{"text":""}'.length) });
app.use((ctx) => {
  ctx.type = 'application/json';
  ctx.body = body;
});
const server = createServer(app.callback());
server.listen(0, () => ready(server.address().port));
