/**
 * Training: the base model with LoRA in front, task adapters, base models and generators. The only package that sees
 * LibTorch ({@code org.bytedeco:pytorch}), which is on the class path of training commands alone; nobody but {@code cli}
 * may use this package. It must not know {@code llama} or {@code engine}: what it makes leaves as files in open formats.
 */
@NullMarked
package org.dndllm.train;

import org.jspecify.annotations.NullMarked;
