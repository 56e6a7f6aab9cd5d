// The API key of a server that wants one: asked for once, kept until the tab closes.

import { byId } from './dom.js';

const NAME = 'dnd-api-key';
let asking; // the dialog in progress; several requests may be refused at once

export const key = () => sessionStorage.getItem(NAME);

/** Asks the person; false when they gave none. */
export function askForKey() {
  asking ??= new Promise((resolve) => {
    const dialog = byId('key');
    const field = byId('key-text');
    field.value = '';
    dialog.returnValue = '';
    dialog.addEventListener(
      'close',
      () => {
        asking = undefined;
        const given = dialog.returnValue === 'yes' && field.value.trim() !== '';
        if (given) sessionStorage.setItem(NAME, field.value.trim());
        resolve(given);
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}
