import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Defence } from './defences-access.js';
import { defences } from './defences.js';

/**
 * Takes each defence away, in a copy of the repository, and requires the attack that it stops to succeed: the spec must
 * fail. Before that each spec must pass as the repository is, for what fails anyway proves nothing.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const copied = ['src', 'fhir', 'migrations', 'test', 'package.json', 'tsconfig.json', 'capability-statement.json'];
const linked = ['node_modules', 'dist'];
/** Two at a time: as many as there are cores where this is run. */
const WORKERS = 2;
const SPEC_MILLISECONDS = 180_000;

interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function copyOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-defences-'));
  for (const each of copied) cpSync(join(root, each), join(folder, each), { recursive: true });
  for (const each of linked) symlinkSync(join(root, each), join(folder, each));
  return folder;
}

/** Runs one spec alone. The first failure is enough. */
function run(folder: string, spec: string): Promise<{ code: number | null; out: string }> {
  const node = ['-n', 'import=tsx', '-n', 'no-experimental-require-module'];
  const options = ['--no-package', '--no-config', '--timeout', '60000', '--exit', '--bail', ...node];
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const child = spawn(process.execPath, [mocha, ...options, '--require', './test/support/hooks.ts', spec], {
    cwd: folder,
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), SPEC_MILLISECONDS);
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, out });
    }),
  );
}

const titleOf = (out: string): string => /^ +1\) (?!.*hook)(.+)$/m.exec(out)?.[1] ?? '';

async function passes(folder: string, spec: string): Promise<Verdict> {
  const { code, out } = await run(folder, spec);
  return { ok: code === 0, text: code === 0 ? `passes  ${spec}` : `FAILS AS IT IS  ${spec}\n${out.slice(-2000)}` };
}

async function without(folder: string, { what, file, text, without, spec }: Defence): Promise<Verdict> {
  const path = join(folder, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(text).length !== 2) return { ok: false, text: `NO LONGER THERE  ${what}: edit of ${file}` };
  writeFileSync(
    path,
    source.replace(text, () => without),
  );
  try {
    const { code, out } = await run(folder, spec);
    // A spec that cannot even begin says nothing of the attack.
    const failed = code !== 0 && code !== null && /\b1 failing\b/.test(out) && !/"before all" hook/.test(out);
    if (failed) return { ok: true, text: `held by  ${what}: without it fails ${titleOf(out)}` };
    return { ok: false, text: `NOT NOTICED  ${what}: ${spec}\n${code === 0 ? '' : out.slice(-1500)}` };
  } finally {
    writeFileSync(path, source);
  }
}

/** Works through the tasks with a copy of the repository for each worker. True when all went well. */
async function all(
  folders: readonly string[],
  tasks: readonly ((folder: string) => Promise<Verdict>)[],
): Promise<number> {
  const waiting = [...tasks];
  let wrong = 0;
  const work = async (folder: string): Promise<void> => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      const { ok, text } = await task(folder);
      if (!ok) wrong += 1;
      say(text);
    }
  };
  await Promise.all(folders.map(work));
  return wrong;
}

const folders = Array.from({ length: WORKERS }, copyOf);
const began = Date.now();
try {
  const chosen = defences.filter(({ what, file, spec }) => `${what} ${file} ${spec}`.includes(process.argv[2] ?? ''));
  const specs = [...new Set(chosen.map(({ spec }) => spec))];
  let wrong = await all(
    folders,
    specs.map((spec) => (folder) => passes(folder, spec)),
  );
  wrong += await all(
    folders,
    chosen.map((each) => (folder) => without(folder, each)),
  );
  const seconds = Math.round((Date.now() - began) / 1000);
  say(`${String(chosen.length)} defences, ${String(wrong)} not as they should be, in ${String(seconds)} seconds`);
  process.exitCode = wrong === 0 && chosen.length > 0 ? 0 : 1;
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
