// The stages of one generation: all are shown from the start, so that nothing moves while they run.

import { h } from './dom.js';
import { milliseconds } from './format.js';

/** In the order in which they run; the server's progress and times name them by the first word. */
const STAGES = [
  { key: 'encode', label: 'Encode' },
  { key: 'generate', label: 'Generate' },
  { key: 'detokenize', label: 'Detokenize' },
  { key: 'convert', label: 'Convert' },
  { key: 'load', label: 'Load' },
  { key: 'attach', label: 'Attach' },
  { key: 'effect', label: 'Effect' },
];

export class Stages {
  #rows = new Map();
  #list;
  #running;
  #started = 0;
  #ticker;

  constructor(list) {
    this.#list = list;
    this.reset();
  }

  reset() {
    clearInterval(this.#ticker);
    this.#running = undefined;
    this.#list.replaceChildren(...STAGES.map((stage) => this.#row(stage)));
  }

  #row(stage) {
    const fill = h('span');
    const time = h('span', { class: 'time', text: '–' });
    const row = h(
      'li',
      { 'data-state': 'waiting', 'data-stage': stage.key },
      h('span', { class: 'sign', 'aria-hidden': 'true' }),
      h('span', { text: stage.label }),
      h('span', { class: 'track', 'aria-hidden': 'true' }, fill),
      time,
    );
    this.#rows.set(stage.key, { row, fill, time });
    return row;
  }

  start() {
    this.reset();
    this.#run(STAGES[0]);
    this.#ticker = setInterval(() => this.#tick(), 100);
  }

  #tick() {
    const row = this.#rows.get(this.#running?.key);
    if (row) row.time.textContent = milliseconds(performance.now() - this.#started);
  }

  #run(stage) {
    if (this.#running?.key === stage?.key) return;
    for (const earlier of STAGES.slice(0, STAGES.indexOf(stage))) this.#rows.get(earlier.key).row.dataset.state = 'done';
    this.#running = stage;
    this.#started = performance.now();
    if (stage) this.#rows.get(stage.key).row.dataset.state = 'running';
  }

  /** The server's progress; returns the stage in words. */
  advance({ stage, done, total }) {
    const known = STAGES.find(({ key }) => stage.split(' ')[0] === key);
    if (known) {
      this.#run(known);
      this.#rows.get(known.key).fill.style.width = `${total > 0 ? (100 * done) / total : 0}%`;
      if (done === total) this.#rows.get(known.key).row.dataset.state = 'done';
    }
    return known ? `${known.label}: ${done} of ${total}` : stage;
  }

  /** The end: the server's own times, and each one's share of all; returns their sum. */
  finish(times) {
    clearInterval(this.#ticker);
    this.#running = undefined;
    const most = Math.max(...Object.values(times));
    for (const { key } of STAGES) {
      const { row, fill, time } = this.#rows.get(key);
      row.dataset.state = key in times ? 'done' : 'waiting';
      time.textContent = key in times ? milliseconds(times[key]) : '–';
      fill.style.width = key in times ? `${(100 * times[key]) / most}%` : '0';
    }
    return Object.values(times).reduce((sum, ms) => sum + ms, 0);
  }

  fail() {
    clearInterval(this.#ticker);
    const row = this.#rows.get(this.#running?.key);
    if (row) row.row.dataset.state = 'failed';
  }
}

/** Times of all stages of a card, in milliseconds. */
export const timesOf = (adapter) => ({ ...adapter.provenance?.timings_ms, ...adapter.timings_ms });
