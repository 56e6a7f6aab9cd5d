// Prompt files in the formats that the command line reads: official JSON, JSONL, CSV, TSV, text.

// HellaSwag's ctx is left out: its label is an index, which no answer of a model equals.
const PROMPT = ['prompt', 'question', 'input', 'instruction', 'text', 'problem', 'question_content'];
const RESPONSE = ['response', 'answer', 'output', 'label'];

/**
 * Items {prompt, response?, system?} of a file or of pasted text.
 * Throws an Error that says what was wrong and where.
 */
export function parseRecords(text, fileName = '') {
  const clean = text.replace(/^\uFEFF/, '');
  const records = READERS[formatOf(clean, fileName)](clean);
  const blank = records.findIndex((record) => record.prompt.trim() === '');
  if (blank >= 0) throw new Error(`Item ${blank + 1} has a blank prompt; remove it.`);
  if (records.length === 0) throw new Error('There is no prompt in it.');
  return records;
}

/** The text of a file; refuses what is not UTF-8, as the server does. */
export async function readText(file) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not UTF-8 text; convert it first.`);
  }
}

function formatOf(text, fileName) {
  const ending = fileName.toLowerCase().split('.').pop();
  if (['json', 'csv', 'tsv'].includes(ending)) return ending;
  if (['jsonl', 'ndjson'].includes(ending)) return 'jsonl';
  if (ending === 'txt') return 'text';
  const start = text.trimStart()[0];
  return start === '[' ? 'json' : start === '{' ? 'jsonl' : 'text';
}

const READERS = {
  json(text) {
    const list = parseJson(text, 'The JSON');
    if (!Array.isArray(list)) throw new Error('The JSON must be a list of {"prompt": ...} objects or of strings.');
    return list.map((item, i) => record(item, `Item ${i + 1}`));
  },
  jsonl: (text) =>
    lines(text).map(({ line, number }) => record(parseJson(line, `Line ${number}`), `Line ${number}`)),
  csv: (text) => table(cells(text, ',')),
  tsv: (text) => table(cells(text, '\t')),
  text: (text) => lines(text).map(({ line }) => ({ prompt: line })),
};

const lines = (text) =>
  text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== '');

function parseJson(text, place) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${place} is not valid JSON: ${error.message}`);
  }
}

function record(item, place) {
  if (typeof item === 'string') return { prompt: item };
  if (item === null || typeof item !== 'object') throw new Error(`${place} must be an object with a prompt, or a string.`);
  const prompt = first(item, PROMPT) ?? item.conversations?.[0]?.value;
  if (typeof prompt !== 'string') throw new Error(`${place} has none of the fields ${PROMPT.join(', ')} as text.`);
  return { prompt, response: text(first(item, RESPONSE)), system: text(item.system) };
}

const text = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined);

const first = (item, names) => names.map((name) => item[name]).find((value) => value !== undefined);

function table([header = [], ...rows]) {
  const column = (names) => names.map((name) => header.indexOf(name)).find((at) => at >= 0) ?? -1;
  const prompt = column(PROMPT) >= 0 ? column(PROMPT) : header.length === 1 ? 0 : -1;
  if (prompt < 0) throw new Error(`None of the columns ${header.join(', ')} is one of ${PROMPT.join(', ')}; rename one.`);
  const response = column(RESPONSE);
  const system = header.indexOf('system');
  return rows.map((row, i) => {
    if (row[prompt] === undefined) throw new Error(`Record ${i + 1} has no value in the column ${header[prompt]}.`);
    return { prompt: row[prompt], response: row[response], system: row[system] };
  });
}

/** Rows of a table as RFC 4180 writes it, with another separator if need be; empty lines do not count. */
function cells(text, separator) {
  const rows = [];
  let row = [];
  let cell = '';
  let quoted = false;
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (c === '"' && (quoted || cell === '')) quoted = !quoted;
    else if (quoted) cell += c;
    else if (c === separator) {
      row.push(cell);
      cell = '';
    } else if (c === '\n') endRow();
    else if (c !== '\r') cell += c;
  }
  if (quoted) throw new Error('A quoted cell is never closed.');
  endRow();
  return rows;
}
