// What a person does on the page, one job after the other on the same server.

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { answered, drop, ready } from './browser.mjs';

const NAME = 'from-the-page';

/** Files and fields that are no good: a message, and nothing sent. */
export async function refusals({ page, check }) {
  await ready(page);
  await drop(page, '#prompts-drop', 'broken.json', '[{"prompt": "a"},');
  await page.waitForSelector('#generate-error:not(:empty)');
  check('a broken file is named', (await page.textContent('#generate-error')).includes('broken.json'));
  await page.click('#generate');
  check('no prompts, no request', /name|prompt/.test(await page.textContent('#generate-error')));
  await drop(page, '#labelled-drop', 'plain.csv', 'prompt\n1 + 1\n');
  await page.waitForSelector('#evaluate-error:not(:empty)');
  check('unlabelled items are not scored', (await page.textContent('#evaluate-error')).includes('has no response'));
}

export async function generation({ page, settings, check }) {
  await drop(page, '#prompts-drop', basename(settings.train), readFileSync(settings.train, 'utf8'));
  await page.waitForSelector('#prompts-preview li');
  const count = await page.textContent('#prompts-count');
  check('dropped prompts are counted', /^\d+ prompts in /.test(count), count);
  await page.fill('#adapter-name', NAME);
  await page.selectOption('#adapter-generator', settings.generator);
  const states = stagesSeen(page);
  await page.click('#generate');
  await page.waitForSelector(`#adapter-list [data-name="${NAME}"]`);
  await page.waitForFunction(() => document.getElementById('generate-live').textContent.includes('is ready'));
  const times = await page.locator('#stages .time').allTextContents();
  check('every stage has its time', times.length === 7 && times.every((time) => /^[\d.]+ (ms|s)$/.test(time)), times);
  const seen = await states();
  check('stages ran one after the other', seen.includes('encode:running') && seen.includes('attach:done'), seen);
  const error = await page.textContent('#generate-error');
  check('nothing was refused', error === '', error);
}

/** Notes every state that a stage is in while the page works; the result reads the notes. */
function stagesSeen(page) {
  const started = page.evaluate(() => {
    window.stageNotes = [];
    new MutationObserver((changes) =>
      changes.forEach(({ target }) => window.stageNotes.push(`${target.dataset.stage}:${target.dataset.state}`)),
    ).observe(document.getElementById('stages'), { subtree: true, attributeFilter: ['data-state'] });
  });
  return async () => {
    await started;
    return page.evaluate(() => window.stageNotes);
  };
}

export async function adapters({ page, check }) {
  const text = await page.textContent('#inspect-body');
  check('rank, modules, effect are shown', /Rank/.test(text) && /q_proj/.test(text) && /KL/.test(text), text);
  check('the familiarity of the prompts is said in words', /Yes\. |No\. |Not measured/.test(text), text);
  const cells = await page.locator('.heat .cell').count();
  const numbers = await page.locator('#inspect table tbody td').count();
  check('the heat map has a number for every cell', cells > 0 && numbers === cells + 7, `${cells} cells, ${numbers} numbers`);
}

export async function chat({ page, settings, check, screen }) {
  await page.evaluate(watchShifts);
  const [base, adapter] = await ask(page, settings.question);
  check('both sides answer', base.text !== '' && adapter.text !== '', JSON.stringify([base, adapter]));
  check('the adapter answers otherwise', base.text !== adapter.text, JSON.stringify([base, adapter]));
  check('each answer says under what it was made', /^base/.test(base.made) && adapter.made.startsWith(NAME), adapter.made);

  const slider = page.locator('.column').nth(1).locator('input[type="range"]');
  await slider.focus();
  await page.keyboard.press('Home');
  await answeredUnder(page, `${NAME} × 0.00`);
  const [, off] = await answers(page);
  check('at scale 0 it answers as the base model', off.text === base.text, JSON.stringify([base, off]));
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
  await answeredUnder(page, NAME);
  const [, on] = await answers(page);
  check('swapped back, it answers as before', on.text === adapter.text, JSON.stringify([adapter, on]));

  await page.fill('#chat-max', '400');
  await page.fill('#chat-temperature', '2');
  await page.fill('#chat-text', 'Tell a long story.');
  await page.press('#chat-text', 'Enter');
  await page.keyboard.press('Escape');
  await answered(page);
  check('stop ends every answer', true);
  await page.fill('#chat-max', '64');
  await page.fill('#chat-temperature', '0');
  const shift = await page.evaluate(() => window.shifts.reduce((sum, value) => sum + value, 0));
  check('nothing moved while text streamed', shift < 0.01, shift);
  check('nothing is wider than the screen', (await page.evaluate(() => document.documentElement.scrollWidth)) <= screen.width);
}

/** Counts every shift, also those that follow a key press. */
function watchShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.shifts.push(entry.value))).observe({ type: 'layout-shift' });
}

async function ask(page, question) {
  await page.fill('#chat-text', question);
  await page.press('#chat-text', 'Enter');
  await page.waitForSelector('.answer[data-state="done"]');
  await answered(page);
  return answers(page);
}

/** Waits for an answer of the second column under this adapter set. */
const answeredUnder = (page, set) =>
  page.waitForFunction((wanted) => {
    const turn = [...document.querySelectorAll('.column')[1].querySelectorAll('.answer')].at(-1);
    return turn.dataset.state === 'done' && turn.querySelector('.set-words').textContent === wanted;
  }, set);

/** The last answer of each column. */
const answers = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.column')].map((column) => {
      const turn = [...column.querySelectorAll('.answer')].at(-1);
      return { text: turn.querySelector('.text').textContent, made: turn.querySelector('.made').textContent };
    }),
  );

export async function evaluation({ page, settings, check }) {
  await drop(page, '#labelled-drop', basename(settings.test), readFileSync(settings.test, 'utf8'));
  await page.waitForFunction(() => document.getElementById('labelled-state').textContent.includes('labelled items'));
  await page.fill('#evaluate-items', '40');
  await page.click('#evaluate-run');
  await page.waitForSelector('#scores');
  const rows = await page.locator('#scores tbody tr').allTextContents();
  check('base and adapter are scored', rows.length === 2 && rows[0].startsWith('base model') && rows[1].startsWith(NAME), rows);
  check('with intervals', rows.every((row) => /\d+ of 40.*%.*% to .*%/.test(row)), rows);
  check('and as bars', (await page.locator('.chart .bar').count()) === 2 && (await page.locator('.chart .whisker').count()) === 6);
  const shown = await page.locator('#evaluate-result details tbody tr').count();
  check('every answer can be read', shown === 40, shown);
}

export async function exports({ page, check }) {
  for (const [format, ending, magic] of [['peft', 'zip', 'PK'], ['gguf', 'gguf', 'GGUF']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#adapter-list [data-act="${format}"]`)]);
    const file = await download.path();
    const start = readFileSync(file).subarray(0, magic.length).toString('latin1');
    const good = download.suggestedFilename() === `${NAME}.${ending}` && start === magic && statSync(file).size > 1000;
    check(`export as ${format}`, good, `${download.suggestedFilename()} begins with ${start}`);
  }
}

export async function deletion({ page, settings, check }) {
  await page.click('#adapter-list [data-act="delete"]');
  await page.click('#confirm button[value="no"]');
  check('keeping keeps', (await page.locator('#adapter-list li').count()) === 1);
  await page.click('#adapter-list [data-act="delete"]');
  await page.click('#confirm-yes');
  await page.waitForSelector('#adapter-none:not([hidden])');
  const left = await (await page.request.get(`${settings.url}/v1/lora_adapters`)).json();
  check('deleted on the server too', left.data.length === 0, JSON.stringify(left));
  const columns = await page.locator('.column select').evaluateAll((all) => all.map((select) => select.value));
  check('chat columns fall back to the base model', columns.every((value) => value === ''), columns);
}
