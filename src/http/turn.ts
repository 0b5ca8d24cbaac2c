/** As many answers as keep a reader busy while the next are made. */
const AT_ONCE = 8;

let waiting: (() => void)[] = [];

/**
 * Does something when the event loop has gone through what came in at the same time, or when several wait. Answers that are
 * written one after the other wake their reader once; with work between them each wakes it anew, which shows in the CPU
 * of a read. All at the end of a long turn would let the reader and this process wait for each other in turn.
 */
export function endOfTurn(act: () => void): void {
  const count = waiting.push(act);
  if (count === AT_ONCE) actAll();
  else if (count === 1) setImmediate(actAll);
}

function actAll(): void {
  const acts = waiting;
  waiting = [];
  for (const act of acts) act();
}
