import pino, { type Logger } from 'pino';

/** JSON, one line an event. Lines are buffered: flush before the process ends. */
export interface Log {
  readonly logger: Logger;
  /** Writes the line of one request; undefined when the level leaves requests out. */
  readonly request: ((line: string) => void) | undefined;
  flush(): void;
}

const FLUSH_MILLISECONDS = 500;

export function createLog(level: string): Log {
  const destination = pino.destination({ fd: 1, sync: false, minLength: 8192 });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const timer = setInterval(() => destination.flush(), FLUSH_MILLISECONDS);
  timer.unref();
  return {
    logger,
    request: logger.isLevelEnabled('info') ? (line) => void destination.write(line) : undefined,
    flush: () => {
      clearInterval(timer);
      try {
        destination.flushSync();
      } catch {
        // It was never opened, or is gone: there is nobody left to tell.
      }
    },
  };
}
