/**
 * LibTorch behind a few small classes: whether it is there, which device, how many threads, and above all how long
 * tensors live. Nothing here knows what is trained.
 *
 * <p>Rules of the binding (JavaCPP) that this package keeps: a pointer made inside a {@code PointerScope} dies with it; a
 * tensor that must live longer calls {@code retainReference()}, because {@code PointerScope.detach} releases it; the
 * result of an in-place call is an alias that owns nothing; a static pointer made lazily inside a scope dies with that scope.
 */
@NullMarked
package org.dndllm.train.torch;

import org.jspecify.annotations.NullMarked;
