// Reads good and bad prompt files with the page's own parser. Called by PageIT: node records.mjs
// Prints one line of JSON per check, {name, ok, detail}.

import { parseRecords } from '../../main/resources/org/dndllm/serve/page/records.js';

const item = (prompt, response, system) => ({ prompt, response, system });
const plain = (prompt) => ({ prompt });

const GOOD = [
  ['official JSON', 'a.json', '[{"prompt":"p","response":"r","system":"s"}]', [item('p', 'r', 's')]],
  ['list of strings', 'a.json', '["p","q"]', [plain('p'), plain('q')]],
  ['byte-order mark', 'a.json', '\uFEFF["p"]', [plain('p')]],
  ['JSONL with blank lines', 'a.jsonl', '{"question":"p","answer":"r"}\n\n{"input":"q"}\n', [item('p', 'r'), item('q')]],
  ['MATH-500', 'a.jsonl', '{"problem":"p","solution":"s","answer":"r"}', [item('p', 'r')]],
  ['multimodal layout', 'a.json', '[{"conversations":[{"value":"p"}]}]', [item('p')]],
  ['a number as answer', 'a.json', '[{"prompt":"1 + 1","response":2}]', [item('1 + 1', '2')]],
  ['CSV with quotes', 'a.csv', 'id,prompt,response\r\n1,"a, ""b""\nc",d\r\n', [item('a, "b"\nc', 'd')]],
  ['CSV of one column', 'a.csv', 'anything\np\nq\n', [item('p'), item('q')]],
  ['TSV', 'a.tsv', 'prompt\tresponse\n"p"\tr\n', [item('p', 'r')]],
  ['text', 'a.txt', 'p\r\n\r\nq', [plain('p'), plain('q')]],
  ['pasted text', '', 'p\n  q\n', [plain('p'), plain('  q')]],
  ['pasted JSON', '', ' ["p"]', [plain('p')]],
  ['pasted JSONL', '', '{"prompt":"p"}\n{"prompt":"q"}', [item('p'), item('q')]],
];

const BAD = [
  ['cut JSON', 'a.json', '[{"prompt":"p"}', /not valid JSON/],
  ['no list', 'a.json', '{"prompt":"p"}', /must be a list/],
  ['item of a wrong kind', 'a.json', '["p", 7]', /Item 2/],
  ['null item', 'a.json', '[null]', /Item 1/],
  ['no prompt field', 'a.json', '[{"prompt":"p"},{"other":"q"}]', /Item 2 has none of the fields/],
  ['prompt of a wrong type', 'a.json', '[{"prompt":["p"]}]', /Item 1/],
  ['blank prompt', 'a.json', '["p"," "]', /Item 2 has a blank prompt/],
  ['bad line', 'a.jsonl', '{"prompt":"p"}\n\n{"prompt"', /Line 3/],
  ['no known column', 'a.csv', 'a,b\n1,2\n', /None of the columns a, b/],
  ['short record', 'a.csv', 'id,prompt\n1,p\n2\n', /Record 2/],
  ['open quote', 'a.csv', 'prompt\n"p\n', /never closed/],
  ['nothing', 'a.txt', '\n \n', /no prompt/],
  ['empty file', 'a.json', '', /not valid JSON/],
];

const check = (name, ok, detail) => console.log(JSON.stringify({ name, ok, detail: String(detail) }));

for (const [name, file, text, expected] of GOOD) {
  try {
    const found = JSON.stringify(parseRecords(text, file));
    check(name, found === JSON.stringify(expected), found);
  } catch (error) {
    check(name, false, error.stack);
  }
}
for (const [name, file, text, expected] of BAD) {
  try {
    check(name, false, JSON.stringify(parseRecords(text, file)));
  } catch (error) {
    check(name, expected.test(error.message), error.message);
  }
}
