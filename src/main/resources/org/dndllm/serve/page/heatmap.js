// Norms of the change by module (rows) and layer (columns): a drawing, and the same as a table.

import { h, scrolling, svg } from './dom.js';
import { even, moduleName, short } from './format.js';

const LEFT = 42;
const WIDTH = 352;
const ROW = 24;
const BOTTOM = 18;
const FAINTEST = 0.05;

/** Norms as {modules, layers, at(module, layer)}; a pair that the adapter leaves alone is undefined. */
function grid({ by_module: byModule, entries }) {
  const values = new Map(entries.map(({ layer, module, norm }) => [`${module} ${layer}`, norm]));
  return {
    modules: Object.keys(byModule),
    layers: [...new Set(entries.map(({ layer }) => layer))].sort((a, b) => a - b),
    at: (module, layer) => values.get(`${module} ${layer}`),
    most: Math.max(...entries.map(({ norm }) => norm)),
    least: Math.min(...entries.map(({ norm }) => norm)),
  };
}

export function heatMap(norms) {
  const cells = grid(norms);
  return [drawing(cells, norms.total), legend(cells), table(cells, norms)];
}

function drawing(cells, total) {
  const { modules, layers, at, most, least } = cells;
  const width = (WIDTH - LEFT) / layers.length;
  const height = modules.length * ROW + BOTTOM;
  const root = svg('svg', {
    class: 'heat',
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: 'img',
    'aria-label': `Heat map of ${modules.length} modules in ${layers.length} layers, norms from ${short(least)} to ${short(most)}, ${short(total)} in all. The table below has every number.`,
  });
  modules.forEach((module, row) => {
    root.append(svg('text', { x: LEFT - 8, y: row * ROW + ROW / 2 + 4, 'text-anchor': 'end', text: moduleName(module) }));
    layers.forEach((layer, column) => root.append(...cell(at(module, layer), most, { module, layer, row, column, width })));
  });
  const step = Math.ceil(layers.length / 12);
  layers.forEach((layer, column) => {
    if (column % step === 0) {
      root.append(svg('text', { x: LEFT + (column + 0.5) * width, y: height - 4, 'text-anchor': 'middle', text: layer }));
    }
  });
  root.append(svg('text', { x: LEFT - 8, y: height - 4, 'text-anchor': 'end', text: 'layer' }));
  return root;
}

/** How dark the ground is, for a number that can be read on it: the themes change over at different shares. */
const depth = (share) => (share > 0.78 ? 'deepest' : share > 0.6 ? 'deep' : '');

function cell(norm, most, { module, layer, row, column, width }) {
  if (norm === undefined) return [];
  const share = most > 0 ? norm / most : 0;
  const x = LEFT + column * width;
  const parts = [
    svg(
      'rect',
      { class: 'cell', x, y: row * ROW, width, height: ROW, rx: 3, 'fill-opacity': (FAINTEST + (1 - FAINTEST) * share).toFixed(3) },
      svg('title', { text: `${module}, layer ${layer}: ${short(norm)}` }),
    ),
  ];
  if (width >= 30) {
    parts.push(
      svg('text', {
        class: `value ${depth(share)}`,
        x: x + width / 2,
        y: row * ROW + ROW / 2 + 4,
        'text-anchor': 'middle',
        'pointer-events': 'none',
        text: even(norm),
      }),
    );
  }
  return parts;
}

const legend = ({ least, most }) =>
  h(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    h('span', { text: short(least) }),
    h('span', { class: 'ramp' }),
    h('span', { text: short(most) }),
    h('span', { text: 'Frobenius norm of scale·B·A' }),
  );

function table({ modules, layers, at }, norms) {
  const head = h('tr', {}, h('th', { scope: 'col', text: 'Layer' }), modules.map((module) => h('th', { scope: 'col', text: moduleName(module) })));
  const row = (name, values) =>
    h('tr', {}, h('th', { scope: 'row', text: name }), values.map((value) => h('td', { text: value === undefined ? '–' : even(value) })));
  return h(
    'details',
    {},
    h('summary', { text: 'Numbers as a table' }),
    scrolling(
      'Norms by layer and module',
      h(
        'table',
        {},
        h('caption', { text: `All together: ${short(norms.total)}` }),
        h('thead', {}, head),
        h(
          'tbody',
          {},
          layers.map((layer) => row(String(layer), modules.map((module) => at(module, layer)))),
          row('all', modules.map((module) => norms.by_module[module])),
        ),
      ),
    ),
  );
}
