// The list of adapters: look at, talk to, export, delete.

import * as api from './api.js';
import { confirm } from './confirm.js';
import { byId, h } from './dom.js';
import { bytes } from './format.js';
import { choose, onChange, refresh, state } from './state.js';

export const startList = () => onChange(show);

function show() {
  const adapters = state.adapters();
  const focused = document.activeElement?.closest?.('#adapter-list [data-act]');
  const place = focused && { name: focused.dataset.name, act: focused.dataset.act };
  byId('adapters-count').textContent = adapters.length === 0 ? '' : `${adapters.length} loaded`;
  byId('adapter-none').hidden = adapters.length > 0;
  byId('adapter-list').replaceChildren(...adapters.map(item));
  if (place) byId('adapter-list').querySelector(`[data-name="${place.name}"][data-act="${place.act}"]`)?.focus();
}

function item(adapter) {
  const chosen = state.chosen()?.name === adapter.name;
  return h(
    'li',
    { 'data-chosen': String(chosen) },
    h(
      'div',
      { class: 'head' },
      act(adapter, 'inspect', adapter.name, 'name', () => inspect(adapter.name), {
        'aria-current': chosen ? 'true' : undefined,
        'aria-label': `Inspect ${adapter.name}`,
      }),
      h('span', { class: 'facts', text: `rank ${adapter.rank} · ${bytes(adapter.bytes)}` }),
    ),
    h(
      'div',
      { class: 'acts' },
      act(adapter, 'chat', 'Chat', 'quiet', () => talk(adapter.name), label('Chat with', adapter)),
      adapter.peft !== false && act(adapter, 'peft', 'PEFT', 'quiet', () => save(adapter.name, 'peft'), label('Export', adapter, 'as PEFT')),
      act(adapter, 'gguf', 'GGUF', 'quiet', () => save(adapter.name, 'gguf'), label('Export', adapter, 'as GGUF')),
      act(adapter, 'delete', 'Delete', 'quiet danger', () => remove(adapter.name), label('Delete', adapter)),
    ),
  );
}

const label = (verb, adapter, rest = '') => ({ 'aria-label': `${verb} ${adapter.name} ${rest}`.trim() });

const act = (adapter, name, text, style, run, more = {}) =>
  h('button', {
    type: 'button',
    class: style,
    text,
    'data-act': name,
    'data-name': adapter.name,
    ...more,
    onclick: () => guarded(run),
  });

async function guarded(run) {
  byId('adapters-error').textContent = '';
  try {
    await run();
  } catch (error) {
    byId('adapters-error').textContent = error.message;
  }
}

function inspect(name) {
  choose(name);
  if (matchMedia('(max-width: 859px)').matches) byId('inspect').scrollIntoView();
}

function talk(name) {
  document.dispatchEvent(new CustomEvent('adapter-chat', { detail: name }));
  byId('chat-text').focus();
}

async function save(name, format) {
  const address = URL.createObjectURL(await api.download(name, format));
  h('a', { href: address, download: format === 'peft' ? `${name}.zip` : `${name}.gguf` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
}

async function remove(name) {
  if (!(await confirm(`Delete the adapter ${name}? Answers in progress finish first; its files go.`, 'Delete'))) return;
  await api.remove(name);
  await refresh();
  (byId('adapter-list').querySelector('button') ?? byId('prompts-text')).focus();
}
