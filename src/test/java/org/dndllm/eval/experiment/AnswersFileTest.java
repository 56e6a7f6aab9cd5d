package org.dndllm.eval.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.Control;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswersFileTest {
    private static final String HEADER = "task,control,run,item,prompt,expected,answer,right\n";

    @TempDir
    Path folder;

    @Test
    void read_runsOfTasks_areCells() throws IOException {
        write("a,base,base,1,\"p, with\nlines\",x,x,true\na,base,base,2,p,x,y,false\n"
                + "a,generated,seed 1,1,p,x,x,true\na,generated,seed 2,1,p,x,y,false\nb,base,base,1,p,x,x,true\n");

        Map<Control, List<Cell>> cells = AnswersFile.read(folder);

        assertThat(cells.get(Control.BASE)).extracting(Cell::task).containsExactly("a", "b");
        assertThat(cells.get(Control.BASE).getFirst().hits()).containsExactly(true, false);
        assertThat(cells.get(Control.GENERATED)).extracting(Cell::run).containsExactly("seed 1", "seed 2");
        assertThat(Cell.byTask(cells.get(Control.GENERATED))).containsExactly(Map.entry("a", 0.5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,base,base,2,p,x,x,true | record 1: says item '2', expected item 1 of this run",
                "a,magic,base,1,p,x,x,true | record 1: says control 'magic', expected a control",
                "a,base,base,1,p,x,x,yes | record 1: says right 'yes', expected true or false",
                "a,base,base,1,p,x,x | record 1: has no column right",
            })
    void read_malformed_isRefusedByRecord(String row, String message) throws IOException {
        write(row + "\n");

        assertThatThrownBy(() -> AnswersFile.read(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("answers.csv: " + message);
    }

    @Test
    void read_noFile_isRefused() {
        assertThatThrownBy(() -> AnswersFile.read(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("answers.csv");
    }

    private void write(String rows) throws IOException {
        Files.writeString(folder.resolve("answers.csv"), HEADER + rows);
    }
}
