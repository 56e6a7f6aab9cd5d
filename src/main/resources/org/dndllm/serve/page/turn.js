// One answer: text as it comes, and a line that says under what and how fast it was made.

import { h } from './dom.js';

export class Turn {
  #log;
  #text = h('div', { class: 'text' });
  #made = h('div', { class: 'made' });
  #set = '';
  #usage;
  #finish;
  #first = 0; // when the first text came

  constructor(log) {
    this.#log = log;
    this.element = h('div', { class: 'turn answer' }, this.#text, this.#made);
  }

  text = () => this.#text.textContent;

  start(set) {
    this.#set = set;
    this.#usage = undefined;
    this.#finish = undefined;
    this.#first = 0;
    this.element.dataset.state = 'streaming';
    this.#text.textContent = '';
    this.#made.textContent = set;
    this.#scroll(true);
  }

  /** A chunk of a chat completion. */
  take(chunk) {
    this.#usage = chunk.usage ?? this.#usage;
    const choice = chunk.choices?.[0];
    this.#finish = choice?.finish_reason ?? this.#finish;
    const piece = choice?.delta?.content;
    if (!piece) return;
    this.#first ||= performance.now();
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 24;
    this.#text.append(piece);
    this.#scroll(atEnd);
  }

  end() {
    this.element.dataset.state = 'done';
    const tokens = this.#usage?.completion_tokens;
    const seconds = (performance.now() - this.#first) / 1000;
    const speed = tokens > 1 && this.#first > 0 && seconds > 0.02 ? ` · ${((tokens - 1) / seconds).toFixed(0)}/s` : '';
    const words = tokens === undefined ? '' : ` · ${tokens} tokens${speed}`;
    this.#made.textContent = `${this.#set}${words}${this.#finish === 'length' ? ' · cut at the limit' : ''}`;
  }

  /** The end by an error, or by Stop when there is no message. */
  fail(message) {
    this.element.dataset.state = 'done';
    this.#made.replaceChildren(`${this.#set} · `, message ? h('span', { class: 'failed', text: message }) : 'stopped');
    this.#scroll(true);
  }

  #scroll(wanted) {
    if (wanted) this.#log.scrollTop = this.#log.scrollHeight;
  }
}
