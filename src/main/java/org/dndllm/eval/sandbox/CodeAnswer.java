package org.dndllm.eval.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The code in a model's answer. Fenced blocks are what a chat model puts around code: the last one that defines the
 * function asked for, else the last one (examples of use tend to follow the solution, corrections too). A fence that is
 * never closed, as when the answer was cut off, reaches to the end. Without a fence the answer is code as it stands.
 */
final class CodeAnswer {
    private static final String FENCE = "```";

    private CodeAnswer() {}

    static String code(String answer, Optional<String> function) {
        List<String> blocks = blocks(answer);
        if (blocks.isEmpty()) {
            return answer;
        }
        return function.flatMap(name -> lastDefining(blocks, name)).orElseGet(blocks::getLast);
    }

    private static Optional<String> lastDefining(List<String> blocks, String function) {
        Pattern definition = Pattern.compile("(?m)^\\s*(async\\s+)?def\\s+" + Pattern.quote(function) + "\\b");
        return blocks.reversed().stream()
                .filter(block -> definition.matcher(block).find())
                .findFirst();
    }

    /** Text between lines that start with a fence; the word behind an opening fence is not looked at. */
    private static List<String> blocks(String answer) {
        List<String> blocks = new ArrayList<>();
        StringBuilder block = new StringBuilder();
        boolean inside = false;
        for (String line : answer.split("\n", -1)) {
            if (line.stripLeading().startsWith(FENCE)) {
                if (inside) {
                    blocks.add(block.toString());
                    block.setLength(0);
                }
                inside = !inside;
            } else if (inside) {
                block.append(line).append('\n');
            }
        }
        if (inside) {
            blocks.add(block.toString());
        }
        return blocks;
    }
}
