import type { Command } from 'commander';
import { readConfig, type Config } from '../config.js';
import { createLog, type Log } from '../log.js';
import { serve, type Running } from '../main.js';
import { openPortico, type Portico } from '../open.js';
import { migrate, pending } from '../store/migrate.js';
import { run } from './command.js';

export function serveCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('serve FHIR; the configuration is read from the environment')
    .option('--json', 'when it listens, print one line of JSON that says where')
    .action(({ json }: { json?: boolean }) =>
      run(command, () =>
        serveUntilStopped(readConfig(), ({ port }, { base }) => {
          if (json) process.stdout.write(`${JSON.stringify({ port, fhirUrl: base })}\n`);
          return Promise.resolve();
        }),
      ),
    );
}

/** Listens until a signal, then finishes what is under way. An empty database is set up first; one of an older release is not touched. */
export async function serveUntilStopped(
  config: Config,
  started: (running: Running, portico: Portico) => Promise<void> = () => Promise.resolve(),
): Promise<undefined> {
  const log = createLog(config.logLevel);
  const portico = await openPortico(config, {
    alarm: (what) => log.logger.error({ alarm: what }, 'narrowing violated'),
  });
  const running = await begin(portico, log).catch(async (error: unknown) => {
    // What is left open would keep the process from ending.
    await portico.close();
    throw error;
  });
  // Whoever reads that it serves may stop it at once.
  const stopped = untilSignal(running);
  process.stderr.write(`Portico serves FHIR R4 at ${portico.base}. Stop it with Ctrl-C.\n`);
  await started(running, portico);
  await stopped;
  return undefined;
}

function untilSignal(running: Running): Promise<void> {
  return new Promise<void>((resolve) => {
    let stopping = false;
    const stop = (): void => {
      // Who asks twice does not want to wait.
      if (stopping) process.exit(1);
      stopping = true;
      process.stderr.write('Stopping: requests under way are finished first.\n');
      running.stop().then(resolve, (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exitCode = 1;
        resolve();
      });
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

async function begin(portico: Portico, log: Log): Promise<Running> {
  const missing = await pending(portico.own);
  if (missing[0]?.startsWith('001_')) await migrate(portico.own);
  return serve(portico, log);
}
