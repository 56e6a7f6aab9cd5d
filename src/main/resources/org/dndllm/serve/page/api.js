// The server's HTTP API as functions. Every failure is an Error whose message can be shown.

import { events } from './sse.js';
import { askForKey, key } from './key.js';

/** A refusal by the server. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.error?.message ?? `the server answered with status ${status}`);
    this.status = status;
    this.code = body?.error?.code;
  }
}

/** True for an error that came from the person's own Stop. */
export const isStopped = (error) => error.name === 'AbortError';

async function request(path, { method = 'GET', body, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key()) headers.Authorization = `Bearer ${key()}`;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    throw isStopped(error) ? error : new Error('the server does not answer; is it still running?');
  }
  if (response.status === 401 && (await askForKey())) return request(path, { method, body, signal });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => undefined));
  return response;
}

const json = async (path, options) => (await request(path, options)).json();
const post = (path, body, signal) => request(path, { method: 'POST', body, signal });

async function* stream(path, body, signal) {
  for await (const { event, data } of events(await post(path, { ...body, stream: true }, signal))) {
    if (event === 'error' || data.error) throw new ApiError(data.error?.status ?? 500, data);
    yield { event, data };
  }
}

export const props = () => json('/props');
export const adapters = async () => (await json('/v1/lora_adapters')).data;

/** Yields {event: 'progress' | 'adapter', data}. */
export const generate = (body, signal) => stream('/v1/adapters/generate', body, signal);

/** Yields {event: 'progress' | 'evaluation', data}. */
export const evaluate = (body, signal) => stream('/v1/evaluations', body, signal);

/** Yields the chunks of a chat completion. */
export async function* chat(body, signal) {
  for await (const { data } of stream('/v1/chat/completions', { ...body, stream_options: { include_usage: true } }, signal)) {
    yield data;
  }
}

export const remove = (name) => request(`/v1/adapters/${encodeURIComponent(name)}`, { method: 'DELETE' });

/** An adapter as a file: format "peft" (a zip) or "gguf". */
export const download = async (name, format) =>
  (await request(`/v1/adapters/${encodeURIComponent(name)}?format=${format}`)).blob();
