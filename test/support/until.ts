import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for something that happens by itself; fails when it does not. */
export async function until(happened: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await happened())) {
    if (Date.now() > end) throw new Error(`it did not happen: ${happened.toString()}`);
    await sleep(20);
  }
}
