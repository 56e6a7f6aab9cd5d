/**
 * What experiments show: comparisons between jobs with tests and intervals, verdicts on declared claims, and one
 * self-contained report (HTML, Markdown, JSON, CSV). A report is first a list of plain blocks; only the writers know how a
 * format escapes. Measures nothing itself.
 */
@NullMarked
package org.dndllm.eval.report;

import org.jspecify.annotations.NullMarked;
