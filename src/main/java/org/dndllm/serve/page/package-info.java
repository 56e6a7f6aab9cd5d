/**
 * The web page of the server: its files, which lie in the resources of the same name, with the headers under which a
 * browser may run them. Plain modules, nothing from elsewhere. Knows nothing of HTTP servers.
 */
@NullMarked
package org.dndllm.serve.page;

import org.jspecify.annotations.NullMarked;
