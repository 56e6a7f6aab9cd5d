// A browser window that remembers what went wrong and whom it talked to.

export async function open(browser, url, { width, height, scheme }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const problems = [];
  const elsewhere = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.stack));
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== 'blob:' && asked.origin !== new URL(url).origin) elsewhere.push(request.url());
  });
  await page.goto(url);
  return { page, problems, elsewhere, close: () => context.close() };
}

/** Waits until the page has read what the server serves. */
export const ready = (page) => page.waitForFunction(() => document.getElementById('server-state').textContent === 'ready');

/** Drops a file on an element. */
export async function drop(page, selector, name, text) {
  const data = await page.evaluateHandle(
    ([fileName, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], fileName));
      return transfer;
    },
    [name, text],
  );
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(selector, type, { dataTransfer: data });
}

/** Waits until no column answers any more. */
export const answered = (page) => page.waitForFunction(() => document.getElementById('chat-stop').disabled);
