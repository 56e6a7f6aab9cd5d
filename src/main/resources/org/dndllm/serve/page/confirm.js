// A question before something is lost.

import { byId } from './dom.js';

/** Asks; true when the person said so with the button that is called `verb`. */
export function confirm(question, verb) {
  const dialog = byId('confirm');
  byId('confirm-text').textContent = question;
  byId('confirm-yes').textContent = verb;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
