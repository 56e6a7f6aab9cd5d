// A server that wants a key: the page asks for it once and then works.

import { open, ready } from './browser.mjs';

export async function keyDialog(browser, settings, check) {
  const session = await open(browser, settings.keyUrl, { width: 900, height: 700, scheme: 'light' });
  await session.page.waitForSelector('#key[open]');
  await session.page.fill('#key-text', settings.key);
  await session.page.keyboard.press('Enter');
  await ready(session.page);
  check('key: asked for once, then ready', (await session.page.locator('#key[open]').count()) === 0);
  const refused = session.problems.filter((problem) => !problem.includes('401'));
  check('key: no other error', refused.length === 0, refused.join('\n'));
  await session.close();
}
