import { mkdtempSync } from 'node:fs';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { PASSWORD } from '../support/users.js';

/** Kept for whoever wants to look, outside the repository. */
export const screenshots = mkdtempSync(join(tmpdir(), 'portico-screenshots-'));

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });

export const looks: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['desktop-light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['desktop-dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['phone-light', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
  ['phone-dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
];

/** A page of a new browser, which says what its console complains of. */
export async function open(browser: Browser, complaints: string[], options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  return page;
}

export async function login(page: Page, url: string, email: string, password = PASSWORD): Promise<void> {
  await page.goto(`${url}/portal/login`);
  await page.fill('#email', email);
  await page.fill('#password', password);
  await page.click('main button');
}

/** What axe-core finds wrong with a page, and whether it, or a table in it, is wider than its place. */
export async function check(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  await page.evaluate(axe.source);
  const found = await page.evaluate<AxeResults>('axe.run(document)');
  assert.deepEqual(
    found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    [],
    name,
  );
  const overflow = await page.evaluate<number>(
    `Math.max(...[document.documentElement, ...document.querySelectorAll('main, header, .scroll')]
      .map((each) => each.scrollWidth - each.clientWidth))`,
  );
  assert.ok(overflow <= 0, `${name} is ${String(overflow)} pixels too wide`);
}
