// A column of the chat: an adapter set with scales, and a conversation under it.

import * as api from './api.js';
import { h } from './dom.js';
import { state } from './state.js';
import { Turn } from './turn.js';

const REST_MS = 150;

export class Column {
  #chat; // {options(), remove(column), changed()}
  #entries = []; // {name, scale}: the adapter set; empty is the base model
  #turns = []; // {question, turn}
  #running; // AbortController of the answer in progress
  #resting; // timer of an answer that is about to be given again
  #set = h('div', { class: 'set' });
  #log = h('div', { class: 'log', role: 'log', tabindex: '0' });
  #removable = false;
  #number = 1;

  constructor(chat) {
    this.#chat = chat;
    this.element = h('div', { class: 'column', role: 'group' }, this.#set, this.#log);
    this.#showSet();
    this.clear();
  }

  number(number, removable) {
    this.#number = number;
    this.#removable = removable;
    this.element.setAttribute('aria-label', `Column ${number}`);
    this.#log.setAttribute('aria-label', `Conversation of column ${number}`);
    this.#showSet();
  }

  focus() {
    this.#set.querySelector('select').focus();
  }

  isBase = () => this.#entries.length === 0;
  isRunning = () => this.#running !== undefined;
  has = (name) => this.#entries.some((entry) => entry.name === name);

  use(name) {
    this.#change([{ name, scale: 1 }]);
  }

  /** Adapters came or went: one that is gone leaves the set. */
  refresh() {
    const left = this.#entries.filter((entry) => state.adapter(entry.name));
    if (left.length < this.#entries.length) this.#entries = left;
    this.#showSet();
  }

  #change(entries) {
    this.#entries = entries;
    this.#showSet();
    this.#swapped();
  }

  /** The set is another one from now on: the last question is asked again under it, once the slider rests. */
  #swapped() {
    const last = this.#turns.at(-1);
    if (!last || !this.#chat.options().again) return;
    this.stop();
    this.#resting = setTimeout(() => last === this.#turns.at(-1) && this.#answer(last), REST_MS);
  }

  // ---- the set ----

  #showSet() {
    const focused = this.#set.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const rows = this.isBase() ? [this.#pick(0, undefined)] : this.#entries.flatMap((entry, i) => [this.#pick(i, entry.name), this.#scale(i, entry)]);
    this.#set.replaceChildren(...rows, this.#acts());
    if (focused) this.#set.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  #pick(i, name) {
    const taken = (adapter) => adapter.name !== name && this.has(adapter.name);
    const select = h(
      'select',
      { 'aria-label': `Adapter ${i + 1} of column ${this.#number}`, 'data-key': `pick${i}`, onchange: (event) => this.#picked(i, event.target.value) },
      h('option', { value: '', text: i === 0 && this.#entries.length < 2 ? 'Base model' : 'none' }),
      state.adapters().filter((adapter) => !taken(adapter)).map((adapter) => h('option', { value: adapter.name, text: adapter.name })),
    );
    select.value = name ?? '';
    return h('div', { class: 'pick' }, select);
  }

  #picked(i, name) {
    const entries = [...this.#entries];
    if (name === '') entries.splice(i, 1);
    else entries[i] = { name, scale: entries[i]?.scale ?? 1 };
    this.#change(entries);
  }

  #scale(i, entry) {
    const output = h('output', { text: entry.scale.toFixed(2) });
    const slider = h('input', {
      type: 'range',
      min: 0,
      max: 2,
      step: 0.05,
      value: entry.scale,
      'aria-label': `Scale of ${entry.name} in column ${this.#number}`,
      'data-key': `scale${i}`,
      oninput: (event) => {
        entry.scale = Number(event.target.value);
        output.textContent = entry.scale.toFixed(2);
      },
      onchange: () => this.#swapped(),
    });
    return h('div', { class: 'scale' }, h('span', { text: 'scale', 'aria-hidden': 'true' }), slider, output);
  }

  #acts() {
    const free = state.adapters().find((adapter) => !this.has(adapter.name));
    const blend = h('button', {
      type: 'button',
      class: 'quiet',
      text: this.isBase() ? 'Add adapter' : 'Blend another',
      'data-key': 'blend',
      'aria-label': `${this.isBase() ? 'Add an adapter to' : 'Blend another adapter into'} column ${this.#number}`,
      disabled: free === undefined,
      onclick: () => this.#change([...this.#entries, { name: free.name, scale: this.isBase() ? 1 : 0.5 }]),
    });
    const close = this.#removable && h('button', {
      type: 'button',
      class: 'quiet',
      text: 'Close',
      'aria-label': `Close column ${this.#number}`,
      onclick: () => this.#chat.remove(this),
    });
    return h('div', { class: 'acts' }, blend, close);
  }

  #words = () =>
    this.isBase() ? 'base' : this.#entries.map(({ name, scale }) => (scale === 1 ? name : `${name} × ${scale.toFixed(2)}`)).join(' + ');

  // ---- the conversation ----

  clear() {
    this.stop();
    this.#turns = [];
    this.#log.replaceChildren(h('p', { class: 'hint', text: 'Ask something below: every column answers under its own adapters.' }));
  }

  stop() {
    clearTimeout(this.#resting);
    this.#running?.abort();
  }

  ask(question) {
    if (this.#turns.length === 0) this.#log.replaceChildren();
    const turn = new Turn(this.#log);
    this.#log.append(h('div', { class: 'turn user', text: question }), turn.element);
    const entry = { question, turn };
    this.#turns.push(entry);
    return this.#answer(entry);
  }

  async #answer(entry) {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.#log.setAttribute('aria-busy', 'true');
    this.#chat.changed();
    entry.turn.start(this.#words());
    try {
      for await (const chunk of api.chat(this.#body(entry), running.signal)) entry.turn.take(chunk);
      entry.turn.end();
    } catch (error) {
      if (this.#running === running) entry.turn.fail(api.isStopped(error) ? undefined : error.message);
    } finally {
      if (this.#running === running) {
        this.#running = undefined;
        this.#log.setAttribute('aria-busy', 'false');
        this.#chat.changed();
      }
    }
  }

  #body(entry) {
    const { maxTokens, temperature, system } = this.#chat.options();
    const messages = system === '' ? [] : [{ role: 'system', content: system }];
    for (const { question, turn } of this.#turns) {
      messages.push({ role: 'user', content: question });
      if (turn === entry.turn) break;
      messages.push({ role: 'assistant', content: turn.text() });
    }
    return {
      model: state.base().name,
      messages,
      max_tokens: maxTokens,
      temperature,
      lora: this.#entries.map(({ name, scale }) => ({ name, scale })),
    };
  }
}
