// Elements without a framework.

const SVG = 'http://www.w3.org/2000/svg';

/** The element with this id; the page always has it. */
export const byId = (id) => document.getElementById(id);

/** An element. Properties that start with "on" are listeners, "text" is its text, the rest are attributes. */
export const h = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

/** The same for drawings. */
export const svg = (tag, properties = {}, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'text') node.textContent = value;
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** Something wide, which scrolls sideways by keyboard too. */
export const scrolling = (label, ...content) =>
  h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, content);

/** Makes an area take dropped files; `take` gets the first one. */
export function takeDrops(area, take) {
  const over = (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    area.classList.add('over');
  };
  area.addEventListener('dragenter', over);
  area.addEventListener('dragover', over);
  area.addEventListener('dragleave', (event) => {
    if (!area.contains(event.relatedTarget)) area.classList.remove('over');
  });
  area.addEventListener('drop', (event) => {
    area.classList.remove('over');
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
