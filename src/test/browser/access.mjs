// What people without a mouse, with a screen reader or with weak eyes need.

/** Names, tab order and contrast of the page in its fullest state. */
export async function access({ page, check }) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  await names(page, check);
  await tabOrder(page, check);
  await contrast(page, check);
  await structure(page, check);
}

/** Every control has a name, as the browser computes it. */
async function names(page, check) {
  const client = await page.context().newCDPSession(page);
  const { nodes } = await client.send('Accessibility.getFullAXTree');
  const focusable = nodes.filter(
    (node) =>
      !node.ignored && node.role.value !== 'RootWebArea' && node.properties?.some(({ name, value }) => name === 'focusable' && value.value),
  );
  const nameless = focusable.filter((node) => !node.name?.value?.trim()).map((node) => node.role.value);
  check('every control has a name', focusable.length > 20 && nameless.length === 0, `${focusable.length} controls; without: ${nameless}`);
  const twins = focusable.map((node) => `${node.role.value} ${node.name.value}`).filter((name, i, all) => name.startsWith('button') && all.indexOf(name) < i);
  check('no two buttons have the same name', twins.every((name) => /^button (Stop|Clear)$/.test(name)), twins);
}

/** The tab key reaches every control once, in the order of the document. */
async function tabOrder(page, check) {
  const expected = await page.evaluate(() => {
    const usable = (element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true });
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(usable);
    all.forEach((element, i) => (element.dataset.tab = i));
    return all.length;
  });
  await page.evaluate(() => {
    document.querySelector('[data-tab="0"]').focus();
  });
  const reached = [0];
  for (let i = 0; i < expected + 5; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => document.activeElement?.dataset?.tab);
    if (at === undefined || Number(at) === 0) break;
    reached.push(Number(at));
  }
  const inOrder = reached.every((at, i) => at === i);
  check('tab reaches every control in order', inOrder && reached.length === expected, `${reached.length} of ${expected}: ${reached}`);
  await page.evaluate(() => document.getElementById('chat-text').focus());
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  check('the focus can be seen', parseFloat(outline) >= 2, outline);
}

/** WCAG 2.2, 1.4.3: 4.5 to 1 for text, on the nearest opaque ground. */
async function contrast(page, check) {
  const weak = await page.evaluate(() => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const opaque = (colour) => (numbers(colour)[3] ?? 1) === 1;
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (opaque(colour)) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    const luminance = (colour) => {
      const [r, g, b] = numbers(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, other) => {
      const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      if (text.data.trim() === '' || element.closest('svg, [disabled], noscript, option') || !element.checkVisibility()) continue;
      const value = ratio(getComputedStyle(element).color, ground(element));
      if (value < 4.5) found.push(`${value.toFixed(2)} "${text.data.trim().slice(0, 30)}"`);
    }
    return found;
  });
  check('text can be read', weak.length === 0, weak.join('; '));
}

/** Landmarks, one first heading, live regions where things change. */
async function structure(page, check) {
  const count = (selector) => page.locator(selector).count();
  check('landmarks', (await count('main')) === 1 && (await count('header')) === 1 && (await count('nav[aria-label]')) === 1);
  check('one first heading', (await count('h1')) === 1);
  check('sections are named', (await count('section:not([aria-labelledby])')) === 0);
  check('conversations are logs', (await count('[role="log"][aria-label]')) === (await count('.column')));
  check('alerts and states are live', (await count('[role="alert"]')) >= 4 && (await count('[role="status"]')) >= 4);
  check('drawings say what they show', (await count('svg:not([aria-label])')) === 0);
  const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map((element) => element.id));
  check('ids are unique', new Set(ids).size === ids.length);
}
