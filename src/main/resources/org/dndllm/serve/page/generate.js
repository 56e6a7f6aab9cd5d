// The panel that makes an adapter out of prompts.

import * as api from './api.js';
import { confirm } from './confirm.js';
import { byId, h, takeDrops } from './dom.js';
import { milliseconds, plural } from './format.js';
import { parseRecords, readText } from './records.js';
import { Stages, timesOf } from './stages.js';
import { choose, onChange, refresh, state } from './state.js';

const SHOWN = 200; // prompts in the preview
let fromFile; // {prompts, source}, or undefined while the text field counts
let stages;
let running; // AbortController of the generation in progress

export function startGenerate() {
  stages = new Stages(byId('stages'));
  takeDrops(byId('new'), takeFile);
  byId('prompts-file').addEventListener('change', (event) => takeFile(event.target.files[0]));
  byId('prompts-text').addEventListener('input', count);
  byId('prompts-clear').addEventListener('click', clear);
  byId('generate-form').addEventListener('submit', submit);
  byId('generate-stop').addEventListener('click', () => running?.abort());
  onChange(showGenerators);
}

function showGenerators() {
  const select = byId('adapter-generator');
  const names = state.base().generators;
  if ([...select.options].map((option) => option.value).join() !== names.join()) {
    select.replaceChildren(...names.map((name) => h('option', { value: name, text: name })));
  }
  byId('generate').disabled = running !== undefined || names.length === 0;
}

async function takeFile(file) {
  if (!file) return;
  say('');
  try {
    const prompts = parseRecords(await readText(file), file.name).map((record) => record.prompt);
    fromFile = { prompts, source: file.name };
    if (byId('adapter-name').value === '') byId('adapter-name').value = nameFrom(file.name);
  } catch (error) {
    fromFile = undefined;
    say(`${file.name}: ${error.message}`);
  }
  byId('prompts-file').value = ''; // the same file can be chosen again
  show();
}

const nameFrom = (fileName) =>
  fileName
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);

function show() {
  const preview = byId('prompts-preview');
  byId('prompts-text').hidden = fromFile !== undefined;
  preview.hidden = fromFile === undefined;
  if (fromFile) {
    const { prompts } = fromFile;
    preview.replaceChildren(...prompts.slice(0, SHOWN).map((prompt) => h('li', { text: prompt })));
    if (prompts.length > SHOWN) preview.append(h('li', { class: 'rest', text: `and ${prompts.length - SHOWN} more` }));
    preview.scrollTop = 0;
  }
  count();
}

function clear() {
  fromFile = undefined;
  byId('prompts-text').value = '';
  say('');
  show();
  byId('prompts-text').focus();
}

function count() {
  const text = byId('prompts-text').value;
  byId('prompts-clear').disabled = fromFile === undefined && text === '';
  byId('prompts-count').textContent = fromFile
    ? `${plural(fromFile.prompts.length, 'prompt')} in ${fromFile.source}`
    : text.trim() === ''
      ? 'none yet'
      : counted(text);
}

function counted(text) {
  try {
    return plural(parseRecords(text).length, 'prompt');
  } catch {
    return 'not readable yet';
  }
}

const say = (message) => {
  byId('generate-error').textContent = message;
};

async function submit(event) {
  event.preventDefault();
  if (running) return;
  say('');
  let body;
  try {
    body = requestBody();
  } catch (error) {
    say(error.message);
    return;
  }
  const present = state.adapter(body.name);
  if (present && !(await confirm(`Replace the adapter ${present.name}? Answers in progress keep the old one.`, 'Replace'))) return;
  if (present) Object.assign(body, { load_inplace: true, expected_generation: present.generation });
  running = new AbortController();
  setRunning(true);
  stages.start();
  byId('generate-total').textContent = '';
  try {
    await follow(body, running.signal);
  } catch (error) {
    stages.fail();
    byId('generate-live').textContent = '';
    say(api.isStopped(error) ? 'Stopped.' : error.message);
  } finally {
    running = undefined;
    setRunning(false);
  }
}

function requestBody() {
  const name = byId('adapter-name');
  if (!name.checkValidity()) {
    name.focus();
    throw new Error('Give the adapter a name of letters, digits, dots, underscores and hyphens.');
  }
  const seed = byId('adapter-seed');
  if (!seed.checkValidity()) {
    seed.focus();
    throw new Error('The seed must be a whole number, 0 or more.');
  }
  const prompts = fromFile?.prompts ?? pasted();
  return { name: name.value, seed: Number(seed.value), generator: byId('adapter-generator').value, prompts };
}

function pasted() {
  const text = byId('prompts-text').value;
  if (text.trim() === '') {
    byId('prompts-text').focus();
    throw new Error('Give at least one prompt: paste some, or choose a file.');
  }
  return parseRecords(text).map((record) => record.prompt);
}

async function follow(body, signal) {
  for await (const { event, data } of api.generate(body, signal)) {
    if (event === 'progress') {
      const words = stages.advance(data);
      if (data.done === 0 || data.done === data.total) byId('generate-live').textContent = words;
    } else if (event === 'adapter') {
      const total = stages.finish(timesOf(data));
      byId('generate-total').textContent = `${milliseconds(total)} in all`;
      byId('generate-live').textContent = `Adapter ${data.name} is ready.`;
      await refresh();
      choose(data.name);
      document.dispatchEvent(new CustomEvent('adapter-made', { detail: data.name }));
    }
  }
}

function setRunning(on) {
  byId('generate-stop').disabled = !on;
  byId('stages').setAttribute('aria-busy', String(on));
  showGenerators();
}
