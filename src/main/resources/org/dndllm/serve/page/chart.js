// Accuracies as bars with their intervals.

import { svg } from './dom.js';
import { percent } from './format.js';

const ROW = 28;
const BAR = 14;
const BOTTOM = 22;
const MOST = 860;

/** `room` is how many pixels it may be wide. */
export function accuracyChart(results, room) {
  const width = Math.min(MOST, room);
  const left = width < 480 ? 92 : 150;
  const right = 64;
  const x = (share) => left + share * (width - left - right);
  const height = results.length * ROW + BOTTOM;
  const words = results.map((result) => `${result.adapter ?? 'base model'} ${percent(result.accuracy.value)}`);
  const root = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Accuracy: ${words.join(', ')}` });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    root.append(
      svg('line', { class: 'grid', x1: x(share), x2: x(share), y1: 0, y2: height - BOTTOM }),
      svg('text', { x: x(share), y: height - 6, 'text-anchor': 'middle', text: `${100 * share} %` }),
    );
  }
  results.forEach((result, row) => root.append(...bar(result, row, x, left, width)));
  return root;
}

function bar({ adapter, accuracy }, row, x, left, width) {
  const middle = row * ROW + ROW / 2;
  const [low, high] = [x(accuracy.low), x(accuracy.high)];
  const whisker = (x1, x2, y1, y2) => svg('line', { class: 'whisker', x1, x2, y1, y2 });
  return [
    svg('text', { class: 'label', x: left - 9, y: middle + 4, 'text-anchor': 'end', text: cut(adapter ?? 'base model', left) }),
    svg('rect', { class: adapter === null || adapter === undefined ? 'bar base' : 'bar', x: left, y: middle - BAR / 2, width: x(accuracy.value) - left, height: BAR, rx: 2 }),
    whisker(low, high, middle, middle),
    whisker(low, low, middle - 4, middle + 4),
    whisker(high, high, middle - 4, middle + 4),
    svg('text', { class: 'number', x: width - 2, y: middle + 4, 'text-anchor': 'end', text: percent(accuracy.value) }),
  ];
}

/** A name that fits beside the bars. */
const cut = (name, room) => (name.length * 6.6 <= room - 10 ? name : `${name.slice(0, Math.floor(room / 6.6) - 3)}…`);
