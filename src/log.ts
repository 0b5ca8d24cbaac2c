import pino, { type Logger } from 'pino';

/** JSON, one line an event. Lines are buffered: flush before the process ends. */
export interface Log {
  readonly logger: Logger;
  /** Writes the line of one request; undefined when the level leaves requests out. */
  readonly request: ((line: string) => void) | undefined;
  flush(): void;
}

/** Where lines go. */
export interface Output {
  write(line: string): unknown;
  flush(): void;
  flushSync(): void;
}

const FLUSH_MILLISECONDS = 500;

/** Bytes that are written at once: each time costs as much as serving a request. */
const WRITTEN_AT_ONCE = 65_536;

const standardOutput = (): Output =>
  pino.destination({ fd: 1, sync: false, minLength: WRITTEN_AT_ONCE, maxWrite: 2 * WRITTEN_AT_ONCE });

export function createLog(level: string, output: Output = standardOutput()): Log {
  const serializers = { err: described };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers }, output);
  const timer = setInterval(() => output.flush(), FLUSH_MILLISECONDS);
  timer.unref();
  return {
    logger,
    request: logger.isLevelEnabled('info') ? (line) => void output.write(line) : undefined,
    flush: () => {
      clearInterval(timer);
      try {
        output.flushSync();
      } catch {
        // It was never opened, or is gone: there is nobody left to tell.
      }
    },
  };
}

/** How deep the causes of an error are followed. */
const CAUSES = 4;

/**
 * What the log says of an error: its kind, its code, its words and where it was thrown; never its other members. A
 * database and JSON.parse quote in their words what they could not read, which may be somebody's name.
 */
function described(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const quotes = severity !== undefined || error instanceof SyntaxError;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!quotes && { message: error.message }),
    stack: frames.join('\n'),
    ...(error.cause !== undefined && depth < CAUSES && { cause: described(error.cause, depth + 1) }),
  };
}
