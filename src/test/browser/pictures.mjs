// Takes the pictures of the page in the documents from a running server:
//   node src/test/browser/pictures.mjs http://127.0.0.1:8080 docs/images
// PageIT has fetched the driver before. The adapters that it makes stay on the server.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answered, open, ready } from './browser.mjs';

const [url, folder] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const { chromium } = createRequire(import.meta.url)(join(root, 'target/browser/playwright-core-1.65.1/package'));
const TASKS = join(root, 'onnx/nano/tasks');
const QUESTIONS = JSON.parse(readFileSync(join(TASKS, 'third-doubled_test.json'), 'utf8')).slice(0, 3);

async function make(page, task) {
  await page.setInputFiles('#prompts-file', join(TASKS, `${task}_train.json`));
  await page.fill('#adapter-name', task);
  await page.click('#generate');
  if (await page.locator('#confirm[open]').count()) await page.click('#confirm-yes');
  await page.waitForFunction((name) => document.getElementById('generate-live').textContent === `Adapter ${name} is ready.`, task);
}

async function picture(browser, { name, width, height, scheme, from }) {
  const { page, close } = await open(browser, url, { width, height, scheme });
  await ready(page);
  await make(page, 'last-doubled');
  await make(page, 'third-doubled');
  await page.click('#adapter-list [data-name="third-doubled"][data-act="chat"]');
  for (const { prompt } of QUESTIONS) {
    await page.fill('#chat-text', prompt);
    await page.press('#chat-text', 'Enter');
    await page.waitForTimeout(100);
    await answered(page);
  }
  await page.setInputFiles('#labelled-file', join(TASKS, 'third-doubled_test.json'));
  await page.waitForFunction(() => document.getElementById('labelled-state').textContent.includes('third-doubled'));
  await page.click('#evaluate-run');
  await page.waitForSelector('#scores');
  await page.evaluate((id) => {
    document.activeElement.blur();
    if (id) document.getElementById(id).scrollIntoView();
    else scrollTo(0, 0);
  }, from);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await close();
}

const browser = await chromium.launch({ executablePath: process.env.DND_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  await picture(browser, { name: 'page-light', width: 1360, height: 1160, scheme: 'light' });
  await picture(browser, { name: 'page-dark', width: 1360, height: 1160, scheme: 'dark' });
  await picture(browser, { name: 'page-narrow', width: 360, height: 1240, scheme: 'light', from: 'chat' });
} finally {
  await browser.close();
}
