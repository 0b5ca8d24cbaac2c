// A client that costs little: raw sockets, one request under way on each, and no more parsing than counting bytes.
import { connect } from 'node:net';

process.on('message', async ({ port, requests, connections, milliseconds = Infinity, most = Infinity }) => {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + milliseconds;
  let next = 0;
  const take = () => (next < most ? requests[next++ % requests.length] : undefined);
  const each = await Promise.all(Array.from({ length: connections }, () => ask(port, take, until)));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const latencies = Float64Array.from(each.flatMap((one) => one.latencies)).sort();
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))];
  process.send({
    requests: latencies.length,
    failures: each.reduce((sum, one) => sum + one.failures, 0),
    bytes: each.reduce((sum, one) => sum + one.bytes, 0),
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    busy: (user + system) / 1e6 / seconds,
  });
});
process.on('disconnect', () => process.exit());

/** One connection: asks again as soon as it is answered. */
function ask(port, take, until) {
  return new Promise((resolve, reject) => {
    const seen = { latencies: [], failures: 0, bytes: 0 };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let head = '';
    let left = -1;
    const send = () => {
      const request = take();
      if (request === undefined) {
        socket.destroy();
        return resolve(seen);
      }
      head = '';
      left = -1;
      sentAt = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      seen.bytes += chunk.length;
      if (left < 0) {
        head += chunk.latin1Slice();
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = /content-length: (\d+)/i.exec(head.slice(0, end));
        if (!/^HTTP\/1\.1 20[012]/.test(head) || !length) seen.failures++;
        left = Number(length?.[1] ?? 0) - (head.length - end - 4);
      } else left -= chunk.length;
      if (left > 0) return;
      const now = performance.now();
      seen.latencies.push(now - sentAt);
      if (now < until) return send();
      socket.destroy();
      resolve(seen);
    });
  });
}
