/**
 * HTTP/1.1 (RFC 9112) on blocking sockets, a virtual thread for each connection: framing and limits, no JSON, no routes.
 * Unlike the JDK's server it tells a handler when the client has gone, and sends an event with one write. Everything that
 * two readers could take in two ways is refused.
 */
@NullMarked
package org.dndllm.serve.wire;

import org.jspecify.annotations.NullMarked;
