// What an application does with OpenAI's own client; prints one JSON object. Usage: node openai-client.cjs BASE_URL
const { OpenAI } = require('openai');

async function main() {
    const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'a-key', maxRetries: 0 });
    const messages = [{ role: 'user', content: 'Write the first word of: apple tree house' }];
    const whole = await client.chat.completions.create({
        model: 'upper', messages, max_tokens: 8, temperature: 0, logprobs: true, top_logprobs: 1,
    });
    let streamed = '';
    let usage = null;
    const stream = await client.chat.completions.create({
        model: 'upper', messages, max_tokens: 8, temperature: 0, stream: true, stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
        streamed += chunk.choices[0]?.delta?.content ?? '';
        usage = chunk.usage ?? usage;
    }
    const completion = await client.completions.create({ model: 'base', prompt: 'one two', max_tokens: 4 });
    const embeddings = await client.embeddings.create({ model: 'nano-paper-untrained-encoder', input: ['one', 'two'] });
    const models = [];
    for await (const model of client.models.list()) {
        models.push(model.id);
    }
    const refusal = await client.chat.completions
        .create({ model: 'absent', messages })
        .then(() => null, (e) => ({ status: e.status, code: e.code, kind: e.constructor.name }));
    console.log(JSON.stringify({
        whole: whole.choices[0].message.content,
        finish: whole.choices[0].finish_reason,
        scored: whole.choices[0].logprobs.content.length,
        streamed,
        usage,
        completion: completion.object,
        vectors: embeddings.data.map((each) => each.embedding.length),
        models,
        refusal,
    }));
}

main();
