package org.dndllm.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.Control;
import org.dndllm.eval.experiment.Cell;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluatedCellsTest {
    private static final String TITLES = "task,control,run,item,prompt,expected,answer,right\r\n";

    @TempDir
    Path folder;

    private void write(String rows) throws IOException {
        Files.writeString(folder.resolve("answers.csv"), TITLES + rows);
    }

    @Test
    void read_passesOfOneControl_inOrder() throws IOException {
        write("a,base,base,1,\"p, q\",x,\"y\nz\",false\r\n"
                + "a,generated,seed 1,1,p,x,x,true\r\na,generated,seed 1,2,p,x,y,false\r\n"
                + "a,generated,seed 2,1,p,x,x,true\r\nb,generated,seed 1,1,p,x,x,true\r\n");

        List<Cell> cells = EvaluatedCells.read(folder, Control.GENERATED);

        assertThat(cells).extracting(Cell::task).containsExactly("a", "a", "b");
        assertThat(cells).extracting(Cell::run).containsExactly("seed 1", "seed 2", "seed 1");
        assertThat(cells.getFirst().hits()).containsExactly(true, false);
        assertThat(EvaluatedCells.read(folder, Control.BASE)).hasSize(1);
        assertThat(EvaluatedCells.read(folder, Control.JUNK)).isEmpty();
    }

    @Test
    void read_malformed_refusedByFileAndField() throws IOException {
        assertThatThrownBy(() -> EvaluatedCells.read(folder, Control.BASE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("answers.csv");
        write("a,base,base,1,p,x,y,maybe\r\n");
        assertThatThrownBy(() -> EvaluatedCells.read(folder, Control.BASE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("'maybe' in record 1")
                .hasMessageContaining("true or false");
        write("a,base\r\n");
        assertThatThrownBy(() -> EvaluatedCells.read(folder, Control.BASE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("evaluate again");
        Files.writeString(folder.resolve("answers.csv"), "one,two\r\n1,2\r\n");
        assertThatThrownBy(() -> EvaluatedCells.read(folder, Control.BASE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("control");
    }
}
