// Server-sent events out of a fetch response; EventSource cannot POST.

/** Yields {event, data} of every event up to [DONE]; data is parsed JSON. */
export async function* events(response) {
  let pending = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      pending += value.replaceAll('\r\n', '\n');
      let end;
      while ((end = pending.indexOf('\n\n')) >= 0) {
        const event = parse(pending.slice(0, end));
        pending = pending.slice(end + 2);
        if (event === undefined) continue;
        if (event.data === '[DONE]') return;
        yield { event: event.event, data: JSON.parse(event.data) };
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // closes the connection, which stops the server's work
  }
}

/** A block of lines; undefined for comments, which are pings. */
function parse(block) {
  let event = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
