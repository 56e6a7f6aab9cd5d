package org.dndllm.serve.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaleStoresTest {
    private static final FileTime LONG_AGO = FileTime.fromMillis(0);

    @TempDir
    Path folder;

    @Test
    void remove_onlyWhatNobodyHolds() throws IOException {
        Path own = store("stores-own", LONG_AGO);
        Path killed = store("stores-killed", LONG_AGO);
        Files.writeString(Files.createDirectory(killed.resolve("adapter")).resolve("card.json"), "{}");
        Path living = store("stores-living", LONG_AGO);
        Path beginning = store("stores-beginning", FileTime.fromMillis(System.currentTimeMillis()));
        Path unlocked = Files.createDirectory(folder.resolve("stores-without-lock"));
        Path other = store("others", LONG_AGO);

        try (FileChannel mine = FileChannel.open(own.resolve(".lock"), StandardOpenOption.WRITE);
                FileChannel theirs = FileChannel.open(living.resolve(".lock"), StandardOpenOption.WRITE);
                var held = mine.lock();
                var lived = theirs.lock()) {
            assertThat(held.isValid() && lived.isValid()).isTrue();
            StaleStores.remove(own, "stores-", ".lock");
        }

        assertThat(killed).doesNotExist();
        assertThat(own).exists();
        assertThat(living).exists();
        assertThat(beginning).exists();
        assertThat(unlocked).exists();
        assertThat(other).exists();
    }

    private Path store(String name, FileTime time) throws IOException {
        Path store = Files.createDirectory(folder.resolve(name));
        Files.setLastModifiedTime(Files.createFile(store.resolve(".lock")), time);
        return store;
    }
}
