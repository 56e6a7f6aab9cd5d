package org.dndllm.lora;

/**
 * Where the tokens of one module of one layer are among all T. Chunk {@code i} of A is token {@code firstA + i} and holds
 * columns {@code i * chunk} to {@code (i + 1) * chunk} of A [r, in]; chunk {@code i} of B is token {@code firstB + i} and
 * holds those columns of the transposed B [r, out]. A token's first r rows and {@code chunk} columns are the values: as
 * they are where the {@link AdapterLayout#form} is plain, else value = token * deviation + mean with the scales that
 * {@link ScaleBorder} explains; a last chunk of the standardised form may be narrower, see {@link AdapterLayout#mask}.
 *
 * @param layer from 0
 * @param module the module
 * @param firstA number of the first token of A
 * @param countA tokens of A, in / chunk rounded up
 * @param firstB number of the first token of B, right behind A's
 * @param countB tokens of B, out / chunk rounded up
 */
public record ModuleTokens(int layer, TargetModule module, int firstA, int countA, int firstB, int countB) {}
