// What is in an adapter: facts, norms, effect, how familiar its prompts were.

import { byId, h, svg } from './dom.js';
import { bytes, milliseconds, short, whole } from './format.js';
import { heatMap } from './heatmap.js';
import { timesOf } from './stages.js';
import { onChange, state } from './state.js';

let shown; // generation that is on the page

export const startInspect = () => onChange(show);

function show() {
  const adapter = state.chosen();
  if (adapter?.generation === shown) return;
  shown = adapter?.generation;
  byId('inspect-body').replaceChildren(
    ...(adapter ? parts(adapter) : [h('p', { class: 'empty', text: 'Choose an adapter to see what is in it.' })]),
  );
}

function parts(adapter) {
  const from = adapter.provenance ?? {};
  return [
    h(
      'div',
      { class: 'name-row' },
      h('strong', { text: adapter.name }),
      h('span', { class: 'badge', text: adapter.origin ?? 'adapter' }),
      from.generator?.trained === false && h('span', { class: 'badge warn', text: 'untrained generator' }),
    ),
    facts(adapter, from),
    ...(from.warnings ?? []).map((text) => h('p', { class: 'warning', text })),
    adapter.norms?.entries && block('Norms of the change, by module and layer', heatMap(adapter.norms)),
    effect(adapter.effect),
    familiarity(from.out_of_distribution),
    timings(adapter),
  ].filter(Boolean);
}

const block = (title, ...content) => h('div', { class: 'block' }, h('h3', { text: title }), content);

function facts(adapter, from) {
  const grid = h('dl', { class: 'facts-grid' });
  const fact = (name, value, style = '') =>
    value !== undefined && grid.append(h('div', { class: style }, h('dt', { text: name }), h('dd', {}, value)));
  fact('Rank', String(adapter.rank));
  fact('Alpha', short(adapter.alpha));
  fact('Parameters', adapter.parameters && whole(adapter.parameters));
  fact('Size', bytes(adapter.bytes));
  fact('Seed', from.prompts && String(from.prompts.seed));
  fact('Prompts', from.prompts && `${from.prompts.drawn.length} of ${from.prompts.count}`);
  fact('Generator', from.generator?.name, 'wide');
  fact('File', from.file, 'wide');
  fact('Modules', adapter.target_modules?.join(', '), 'wide');
  fact('Generation', h('code', { text: adapter.generation }), 'wide');
  return grid;
}

function effect(measured) {
  if (!measured) return undefined;
  const kl = measured.kl_divergence;
  return block(
    'Effect on the logits after a probe',
    h(
      'p',
      { class: 'words' },
      h('strong', { text: measured.first_token_changed ? 'Changes the next token.' : 'Same next token.' }),
      ` Largest change ${short(measured.max_abs_logit_change)}, mean ${short(measured.mean_abs_logit_change)}, KL ${short(kl)} nats: `,
      kl < 0.01 ? 'a slight nudge.' : kl < 0.5 ? 'a moderate change.' : 'a strong change.',
    ),
  );
}

function familiarity(score) {
  const title = 'Are the prompts like those of training?';
  if (!score) return undefined;
  if (!score.measured) return block(title, h('p', { class: 'words', text: 'Not measured: the generator carries no statistics of its training tasks.' }));
  return block(
    title,
    meter(score),
    h(
      'p',
      { class: 'words' },
      h('strong', { text: score.outside ? 'No. ' : 'Yes. ' }),
      score.outside
        ? 'They are unlike anything the generator was trained on: prefer the base model.'
        : 'They look like those of the training tasks.',
      ' A task that was left out of training stays below the threshold in 99 of 100 draws.',
    ),
  );
}

/** Score on a line with its threshold. */
function meter({ score, threshold, outside }) {
  const most = 1.25 * Math.max(score, threshold);
  const x = (value) => (100 * value) / most;
  return svg(
    'svg',
    {
      class: 'meter',
      role: 'img',
      'data-outside': String(outside),
      'aria-label': `Out-of-distribution score ${short(score)}, threshold ${short(threshold)}`,
    },
    svg('rect', { class: 'ground', x: 0, y: 4, width: '100%', height: 8, rx: 4 }),
    svg('rect', { class: 'value', x: 0, y: 4, width: `${x(score)}%`, height: 8, rx: 4 }),
    svg('line', { class: 'mark', x1: `${x(threshold)}%`, x2: `${x(threshold)}%`, y1: 0, y2: 16 }),
    svg('text', { x: 0, y: 29, text: `score ${short(score)}` }),
    svg('text', { x: `${x(threshold)}%`, y: 29, 'text-anchor': 'middle', text: `threshold ${short(threshold)}` }),
  );
}

function timings(adapter) {
  const times = timesOf(adapter);
  const words = Object.entries(times).map(([stage, ms]) => `${stage} ${milliseconds(ms)}`);
  return words.length > 0 && block('Times', h('p', { class: 'words', text: words.join(' · ') }));
}
