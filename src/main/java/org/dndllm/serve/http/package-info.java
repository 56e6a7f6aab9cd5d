/**
 * The HTTP side: routing, checks of host, origin and key, JSON and server-sent events, and the endpoints in the words of
 * OpenAI, llama-server and vLLM. An error body never holds a path of the server or a stack trace.
 */
@NullMarked
package org.dndllm.serve.http;

import org.jspecify.annotations.NullMarked;
