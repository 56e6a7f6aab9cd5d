/**
 * Whether the text that a model wrote is the right answer: lenient parsers for options, numbers and formulas, and the
 * official scorer as it is. Pure functions of question and text; knows nothing of models. What goes wrong without it: the
 * official scorer counts a right answer in the wrong format as wrong, so that learning a format looks like learning a task.
 */
@NullMarked
package org.dndllm.eval.score;

import org.jspecify.annotations.NullMarked;
