// One answer: a line that says under what and how fast it was made, and the text as it comes. The line stands above, so
// that nothing moves while the text grows.

import { h } from './dom.js';
import { plural } from './format.js';

export class Turn {
  #log;
  #text = h('div', { class: 'text' });
  #set = h('span', { class: 'set-words' });
  #stats = h('span');
  #problem = h('div', { class: 'failed' });
  #usage;
  #finish;
  #first = 0; // when the first text came

  constructor(log) {
    this.#log = log;
    this.element = h('div', { class: 'turn answer' }, h('div', { class: 'made' }, this.#set, this.#stats), this.#text, this.#problem);
  }

  text = () => this.#text.textContent;

  start(set) {
    this.#set.textContent = set;
    this.#set.title = set; // a long one is cut
    this.#stats.textContent = '';
    this.#problem.textContent = '';
    this.#usage = undefined;
    this.#finish = undefined;
    this.#first = 0;
    this.element.dataset.state = 'streaming';
    this.#text.textContent = '';
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
    const cut = this.#finish === 'length' ? ' · cut' : '';
    this.#stats.textContent = tokens === undefined ? '' : `${plural(tokens, 'token')}${speed}${cut}`;
  }

  /** The end by an error, or by Stop when there is no message. */
  fail(message) {
    this.element.dataset.state = 'done';
    this.#stats.textContent = message ? 'failed' : 'stopped';
    this.#problem.textContent = message ?? '';
    this.#scroll(true);
  }

  #scroll(wanted) {
    if (wanted) this.#log.scrollTop = this.#log.scrollHeight;
  }
}
