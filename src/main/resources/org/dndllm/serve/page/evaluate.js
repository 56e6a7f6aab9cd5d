// Base model and adapters on a labelled file.

import * as api from './api.js';
import { accuracyChart } from './chart.js';
import { byId, h, scrolling, takeDrops } from './dom.js';
import { percent, plural } from './format.js';
import { parseRecords, readText } from './records.js';
import { onChange, state } from './state.js';

let items = []; // {prompt, response, system?}
let running; // AbortController

export function startEvaluate() {
  takeDrops(byId('evaluate'), takeFile);
  byId('labelled-file').addEventListener('change', (event) => takeFile(event.target.files[0]));
  byId('evaluate-form').addEventListener('submit', submit);
  byId('evaluate-stop').addEventListener('click', () => running?.abort());
  onChange(showChoices);
}

function showChoices() {
  const box = byId('evaluate-adapters');
  const off = new Set([...box.querySelectorAll('input:not(:checked)')].map((input) => input.value));
  box.querySelectorAll('.check, .empty').forEach((old) => old.remove());
  const choices = state.adapters().map(({ name }) =>
    h('label', { class: 'check' }, h('input', { type: 'checkbox', value: name, checked: !off.has(name) }), name),
  );
  box.append(...(choices.length > 0 ? choices : [h('p', { class: 'empty', text: 'no adapter is loaded' })]));
}

async function takeFile(file) {
  if (!file) return;
  say('');
  try {
    const records = parseRecords(await readText(file), file.name);
    const unlabelled = records.findIndex((record) => (record.response ?? '').trim() === '');
    if (unlabelled >= 0) throw new Error(`Item ${unlabelled + 1} has no response; an item that is scored needs one.`);
    items = records;
    byId('labelled-state').textContent = `${plural(items.length, 'labelled item')} in ${file.name}`;
  } catch (error) {
    items = [];
    byId('labelled-state').textContent = 'no labelled file yet';
    say(`${file.name}: ${error.message}`);
  }
  byId('labelled-file').value = '';
}

const say = (message) => {
  byId('evaluate-error').textContent = message;
};

async function submit(event) {
  event.preventDefault();
  if (running) return;
  say('');
  if (items.length === 0) {
    say('Choose a labelled file first: every item needs a prompt and a response.');
    return;
  }
  running = new AbortController();
  setRunning(true);
  try {
    await follow(requestBody(), running.signal);
  } catch (error) {
    byId('evaluate-live').textContent = '';
    say(api.isStopped(error) ? 'Stopped.' : error.message);
  } finally {
    running = undefined;
    setRunning(false);
  }
}

function requestBody() {
  const count = Number(byId('evaluate-items').value) || items.length;
  return {
    items: items.slice(0, count).map(({ prompt, response, system }) => ({ prompt, response, ...(system ? { system } : {}) })),
    adapters: [...byId('evaluate-adapters').querySelectorAll('input:checked')].map((input) => input.value),
    max_tokens: Number(byId('evaluate-max').value) || 16,
  };
}

async function follow(body, signal) {
  const progress = byId('evaluate-progress');
  for await (const { event, data } of api.evaluate(body, signal)) {
    if (event === 'progress') {
      progress.max = data.total;
      progress.value = data.done;
      const words = `${data.stage}: ${data.done} of ${data.total}`;
      byId('evaluate-live').textContent = words;
    } else if (event === 'evaluation') {
      byId('evaluate-live').textContent = `Done: ${plural(data.items, 'item')}, ${plural(data.results.length, 'model')}.`;
      byId('evaluate-result').replaceChildren(...report(data, body.items));
    }
  }
}

function setRunning(on) {
  byId('evaluate-run').disabled = on;
  byId('evaluate-stop').disabled = !on;
  if (on) byId('evaluate-progress').value = 0;
}

function report(evaluation, asked) {
  return [
    ...(evaluation.warnings ?? []).map((text) => h('p', { class: 'warning', text })),
    accuracyChart(evaluation.results, byId('evaluate-form').clientWidth),
    scores(evaluation),
    answers(evaluation, asked),
  ];
}

function scores({ results, items: count }) {
  const rows = results.map((result) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: result.adapter ?? 'base model' }),
      h('td', { text: `${result.correct} of ${count}` }),
      h('td', { text: percent(result.accuracy.value) }),
      h('td', { text: `${percent(result.accuracy.low)} to ${percent(result.accuracy.high)}` }),
      h('td', { text: String(result.condition_items ?? 'unknown') }),
    ),
  );
  const head = ['Model', 'Right', 'Accuracy', '95 % interval', 'Seen prompts'];
  return scrolling(
    'Scores',
    h(
      'table',
      { id: 'scores' },
      h('caption', { text: 'Exact match of greedy answers. Seen prompts: items whose prompt the adapter was made from.' }),
      h('thead', {}, h('tr', {}, head.map((text) => h('th', { scope: 'col', text })))),
      h('tbody', {}, rows),
    ),
  );
}

function answers({ results }, asked) {
  if (!results.every((result) => Array.isArray(result.answers))) return '';
  const row = (item, i) =>
    h(
      'tr',
      {},
      h('td', { class: 'text', text: item.prompt }),
      h('td', { class: 'text', text: item.response }),
      results.map((result) => {
        const right = result.answers[i].trim() === item.response.trim();
        return h('td', { class: `text ${right ? 'right' : 'wrong'}`, text: `${right ? '✓' : '✗'} ${result.answers[i]}` });
      }),
    );
  const head = ['Prompt', 'Expected', ...results.map((result) => result.adapter ?? 'base model')];
  return h(
    'details',
    {},
    h('summary', { text: 'Every answer' }),
    scrolling(
      'Every answer',
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, head.map((text) => h('th', { scope: 'col', class: 'text', text })))),
        h('tbody', {}, asked.map(row)),
      ),
    ),
  );
}
