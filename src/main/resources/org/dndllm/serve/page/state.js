// What all panels share: the adapters of the server and which one is looked at.

import * as api from './api.js';

const changes = new EventTarget();
let adapters = [];
let chosen; // name of the adapter in the inspector
let base = { name: '', generators: [] };

export const state = {
  adapters: () => adapters,
  adapter: (name) => adapters.find((adapter) => adapter.name === name),
  chosen: () => state.adapter(chosen),
  base: () => base,
};

/** Calls `listener` whenever adapters, the choice or the base change. */
export const onChange = (listener) => changes.addEventListener('change', listener);

const tell = () => changes.dispatchEvent(new Event('change'));

export function choose(name) {
  chosen = name;
  tell();
}

export function setBase(facts) {
  const same = JSON.stringify(facts) === JSON.stringify(base);
  base = facts;
  if (!same) tell();
}

/** Reads the list again; panels are told only when it changed, so that nobody's slider is taken away. */
export async function refresh() {
  const before = generations();
  adapters = await api.adapters();
  if (!state.chosen()) chosen = adapters.at(-1)?.name;
  if (generations() !== before) tell();
}

const generations = () => adapters.map((adapter) => `${adapter.name} ${adapter.generation}`).join();
