let waiting: (() => void)[] = [];

/**
 * Does something when the event loop has gone through what came in at the same time. Answers that are written one after
 * the other wake their reader once; with work between them each wakes it anew, which was a quarter of the CPU of a read.
 */
export function endOfTurn(act: () => void): void {
  if (waiting.push(act) === 1) setImmediate(actAll);
}

function actAll(): void {
  const acts = waiting;
  waiting = [];
  for (const act of acts) act();
}
