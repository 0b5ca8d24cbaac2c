/** Tells the bench where a server listens, and on demand how much CPU it has used. */
export function ready(port) {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpu: user + system });
  });
  process.on('disconnect', () => process.exit());
  process.send({ port });
}
