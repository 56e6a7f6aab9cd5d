// Starts the panels and keeps an eye on the server.

import * as api from './api.js';
import { startChat } from './chat.js';
import { byId } from './dom.js';
import { startEvaluate } from './evaluate.js';
import { whole } from './format.js';
import { startGenerate } from './generate.js';
import { startInspect } from './inspect.js';
import { startList } from './list.js';
import { refresh, setBase } from './state.js';

const LOOK_AGAIN_MS = 15_000;

function showState(word, name) {
  const element = byId('server-state');
  if (element.textContent !== word) element.textContent = word;
  element.dataset.state = name;
}

/** Whether the server is there; reads what it serves once it is. */
async function look() {
  try {
    const props = await api.props();
    byId('base-name').textContent = props.model_alias;
    byId('base-name').title = props.model;
    byId('base-context').textContent = `${whole(props.default_generation_settings.n_ctx)} tokens`;
    setBase({ name: props.model_alias, generators: props.generators });
    await refresh();
    showState('ready', 'ready');
  } catch (error) {
    showState(error.status === 503 ? 'loading' : 'not reachable', 'gone');
  }
}

startGenerate();
startList();
startInspect();
startChat();
startEvaluate();
await look();
setInterval(() => document.hidden || look(), LOOK_AGAIN_MS);
