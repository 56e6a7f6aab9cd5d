// One question to several columns at once.

import { Column } from './column.js';
import { byId } from './dom.js';
import { onChange, state } from './state.js';

const MOST = 4;
const columns = [];

export function startChat() {
  add();
  add();
  byId('chat-add').addEventListener('click', () => {
    const column = add();
    if (state.chosen()) column.use(state.chosen().name);
    column.focus();
  });
  byId('chat-clear').addEventListener('click', () => columns.forEach((column) => column.clear()));
  byId('chat-form').addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  byId('chat-text').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  byId('chat-stop').addEventListener('click', stop);
  byId('chat').addEventListener('keydown', (event) => event.key === 'Escape' && stop());
  document.addEventListener('adapter-made', ({ detail }) => offer(detail));
  document.addEventListener('adapter-chat', ({ detail }) => show(detail));
  onChange(() => columns.forEach((column) => column.refresh()));
}

const stop = () => columns.forEach((column) => column.stop());

function add() {
  const column = new Column({ options, remove, changed: showRunning });
  columns.push(column);
  byId('chat-columns').append(column.element);
  count();
  return column;
}

function remove(column) {
  column.stop();
  columns.splice(columns.indexOf(column), 1);
  column.element.remove();
  count();
  byId('chat-add').focus();
}

function count() {
  byId('chat-add').disabled = columns.length >= MOST;
  columns.forEach((column, i) => column.number(i + 1, columns.length > 1));
}

/** A fresh adapter goes where nothing but the base model is, if the first column is one too. */
function offer(name) {
  const free = columns.slice(1).find((column) => column.isBase());
  free?.use(name);
}

/** The adapter is to be talked to: where it is already, or in the second column. */
function show(name) {
  if (columns.some((column) => column.has(name))) return;
  (columns.slice(1).find((column) => column.isBase()) ?? columns.at(-1)).use(name);
}

function send() {
  const field = byId('chat-text');
  const text = field.value.trim();
  if (text === '') return;
  field.value = '';
  columns.forEach((column) => column.ask(text));
}

function showRunning() {
  byId('chat-stop').disabled = !columns.some((column) => column.isRunning());
}

function options() {
  const number = (id, fallback) => (byId(id).checkValidity() && byId(id).value !== '' ? Number(byId(id).value) : fallback);
  return {
    maxTokens: number('chat-max', 64),
    temperature: number('chat-temperature', 0),
    system: byId('chat-system').value.trim(),
    again: byId('chat-again').checked,
  };
}
