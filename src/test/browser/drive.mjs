// Drives the page of a running server in Chromium as a person would. Called by PageIT:
//   node drive.mjs SETTINGS.json
// Prints one line of JSON per check, {name, ok, detail}; exit code 0 whenever all checks could be made.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { access } from './access.mjs';
import { adapters, chat, deletion, evaluation, exports, generation, refusals } from './jobs.mjs';
import { open } from './browser.mjs';
import { keyDialog } from './key.mjs';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { chromium } = createRequire(import.meta.url)(settings.playwright);

function check(name, ok, detail = '') {
  console.log(JSON.stringify({ name, ok: Boolean(ok), detail: String(detail) }));
}

const SCREENS = [
  { name: 'desktop', width: 1440, height: 940, scheme: 'light' },
  { name: 'narrow', width: 360, height: 740, scheme: 'dark' },
];

const browser = await chromium.launch({ executablePath: settings.chromium, args: settings.flags });
try {
  for (const screen of SCREENS) {
    const session = await open(browser, settings.url, screen);
    const say = (name, ok, detail) => check(`${screen.name}: ${name}`, ok, detail);
    const context = { page: session.page, settings, check: say, screen };
    for (const job of [refusals, generation, adapters, chat, evaluation, access, exports, deletion]) {
      try {
        await job(context);
      } catch (error) {
        say(`${job.name} came to its end`, false, error.stack);
      }
    }
    say('no error in the console', session.problems.length === 0, session.problems.join('\n'));
    say('no request left the server', session.elsewhere.length === 0, session.elsewhere.join('\n'));
    await session.close();
  }
  if (settings.keyUrl) await keyDialog(browser, settings, check);
} finally {
  await browser.close();
}
