package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;

/**
 * The entries of a zip archive whose entries are stored without compression, as slices of its memory; zip64 included.
 * {@code java.util.zip} would copy every entry and offers no mapping, which matters for checkpoints of many gigabytes.
 * Checksums are not verified: that would read the whole file, and torch.save may be told not to write them.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16
 * (end records), 4.5.3 (zip64 extra field).
 */
final class StoredZip {
    private static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE_INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_BYTES = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int MAX_COMMENT = 0xffff;
    private static final int ZIP64_EXTRA = 1;
    private static final long IN_ZIP64 = 0xffffffffL;
    private static final int MAX_ENTRIES = 1 << 20;

    private final MemorySegment bytes;
    private final String source;
    private long directoryOffset;
    private long directoryBytes;
    private long entryCount;

    private StoredZip(MemorySegment bytes, String source) {
        this.bytes = bytes;
        this.source = source;
    }

    /** Whether the memory begins like a zip archive. */
    static boolean looksLike(MemorySegment bytes) {
        return bytes.byteSize() >= 4 && bytes.get(LE_INT, 0) == LOCAL;
    }

    /** All entries by name, in directory order. */
    static Map<String, MemorySegment> entries(MemorySegment bytes, String source) {
        StoredZip zip = new StoredZip(bytes, source);
        zip.readEnd();
        return zip.readDirectory();
    }

    private void readEnd() {
        long end = findEnd();
        if (u16(end + 4) != 0 || u16(end + 6) != 0) {
            throw fail("end record", "the archive is split over several disks, which is not supported");
        }
        entryCount = u16(end + 10);
        directoryBytes = u32(end + 12);
        directoryOffset = u32(end + 16);
        boolean zip64 = entryCount == 0xffff || directoryBytes == IN_ZIP64 || directoryOffset == IN_ZIP64;
        long limit = end;
        if (zip64) {
            limit = readEnd64(end);
        }
        if (directoryOffset < 0 || directoryBytes < 0 || directoryOffset > limit - directoryBytes) {
            throw fail(
                    "end record",
                    "the central directory (" + directoryBytes + " bytes at " + directoryOffset
                            + ") does not lie before it; the file is damaged");
        }
        if (entryCount < 0 || entryCount > MAX_ENTRIES || entryCount > directoryBytes / CENTRAL_BYTES) {
            throw fail("end record", "claims " + entryCount + " entries, more than its directory can hold");
        }
    }

    private long findEnd() {
        long last = bytes.byteSize() - END_BYTES;
        for (long at = last; at >= 0 && at >= last - MAX_COMMENT; at--) {
            if (bytes.get(LE_INT, at) == END && u16(at + 20) == bytes.byteSize() - at - END_BYTES) {
                return at;
            }
        }
        throw fail("end record", "not found; the file is cut short or no zip archive: is the download complete?");
    }

    private long readEnd64(long end) {
        long locator = end - LOCATOR64_BYTES;
        if (locator < 0 || bytes.get(LE_INT, locator) != LOCATOR64) {
            throw fail("zip64 locator", "missing though the end record refers to it; the file is damaged");
        }
        long end64 = bytes.get(LE_LONG, locator + 8);
        if (end64 < 0 || end64 > locator - END64_BYTES || bytes.get(LE_INT, end64) != END64) {
            throw fail("zip64 end record", "not found at " + end64 + "; the file is damaged");
        }
        entryCount = bytes.get(LE_LONG, end64 + 32);
        directoryBytes = bytes.get(LE_LONG, end64 + 40);
        directoryOffset = bytes.get(LE_LONG, end64 + 48);
        return end64;
    }

    /** Where an entry lies in the archive, from local header to the end of its content. */
    private record Extent(String name, long begin, long end) {}

    private Map<String, MemorySegment> readDirectory() {
        Map<String, MemorySegment> entries = new LinkedHashMap<>();
        List<Extent> extents = new ArrayList<>();
        long at = directoryOffset;
        long end = directoryOffset + directoryBytes;
        for (long i = 0; i < entryCount; i++) {
            if (at > end - CENTRAL_BYTES || bytes.get(LE_INT, at) != CENTRAL) {
                throw fail("central directory", "entry " + i + " is damaged");
            }
            int nameBytes = u16(at + 28);
            int extraBytes = u16(at + 30);
            long next = at + CENTRAL_BYTES + nameBytes + extraBytes + u16(at + 32);
            if (next > end) {
                throw fail("central directory", "entry " + i + " runs past its end");
            }
            String name = name(at + CENTRAL_BYTES, nameBytes);
            Sizes sizes = sizes(at, name, at + CENTRAL_BYTES + nameBytes, extraBytes);
            checkStored(at, name, sizes);
            MemorySegment content = content(name, nameBytes, sizes, extents);
            if (entries.putIfAbsent(name, content) != null) {
                throw fail(name, "the archive has two entries of this name");
            }
            at = next;
        }
        checkOverlap(extents);
        return Collections.unmodifiableMap(entries);
    }

    private record Sizes(long compressed, long size, long offset) {}

    private Sizes sizes(long central, String name, long extra, int extraBytes) {
        long compressed = u32(central + 20);
        long size = u32(central + 24);
        long offset = u32(central + 42);
        if (compressed != IN_ZIP64 && size != IN_ZIP64 && offset != IN_ZIP64) {
            return new Sizes(compressed, size, offset);
        }
        for (long at = extra; at + 4 <= extra + extraBytes; at += 4 + u16(at + 2)) {
            if (u16(at) != ZIP64_EXTRA) {
                continue;
            }
            long field = at + 4;
            long fieldEnd = Math.min(field + u16(at + 2), extra + extraBytes);
            // The field holds only those values, in this order, that did not fit the fixed part.
            if (size == IN_ZIP64) {
                size = extraLong(name, field, fieldEnd);
                field += Long.BYTES;
            }
            if (compressed == IN_ZIP64) {
                compressed = extraLong(name, field, fieldEnd);
                field += Long.BYTES;
            }
            if (offset == IN_ZIP64) {
                offset = extraLong(name, field, fieldEnd);
            }
            return new Sizes(compressed, size, offset);
        }
        throw fail(name, "its zip64 sizes are missing; the file is damaged");
    }

    private long extraLong(String name, long at, long end) {
        if (at + Long.BYTES > end) {
            throw fail(name, "its zip64 field is too short; the file is damaged");
        }
        return bytes.get(LE_LONG, at);
    }

    private void checkStored(long central, String name, Sizes sizes) {
        if ((u16(central + 8) & 1) != 0) {
            throw fail(name, "is encrypted; torch.save never writes that");
        }
        int method = u16(central + 10);
        if (method != 0) {
            throw fail(
                    name,
                    "is compressed (method " + method
                            + "), expected stored; unpack and load it with PyTorch, then torch.save it again");
        }
        if (sizes.compressed != sizes.size) {
            throw fail(name, "is stored, yet its two sizes differ: " + sizes.compressed + " and " + sizes.size);
        }
    }

    private MemorySegment content(String name, int nameBytes, Sizes sizes, List<Extent> extents) {
        long header = sizes.offset;
        if (header < 0 || header > directoryOffset - LOCAL_BYTES || bytes.get(LE_INT, header) != LOCAL) {
            throw fail(name, "has no local header at " + header + "; the file is damaged");
        }
        if (u16(header + 26) != nameBytes || header + LOCAL_BYTES + nameBytes > directoryOffset) {
            throw fail(name, "has another name in its local header; the file is damaged");
        }
        if (!name(header + LOCAL_BYTES, nameBytes).equals(name)) {
            throw fail(name, "has another name in its local header; the file is damaged");
        }
        long begin = header + LOCAL_BYTES + nameBytes + u16(header + 28);
        if (sizes.size < 0 || begin > directoryOffset || sizes.size > directoryOffset - begin) {
            throw fail(
                    name, "its " + sizes.size + " bytes at " + begin + " run into the directory; the file is damaged");
        }
        extents.add(new Extent(name, header, begin + sizes.size));
        return bytes.asSlice(begin, sizes.size);
    }

    private void checkOverlap(List<Extent> extents) {
        extents.sort(Comparator.comparingLong(Extent::begin));
        for (int i = 1; i < extents.size(); i++) {
            if (extents.get(i).begin < extents.get(i - 1).end) {
                throw fail(extents.get(i).name, "overlaps the entry " + extents.get(i - 1).name);
            }
        }
    }

    private String name(long at, int length) {
        // Names are compared, never opened as paths, so replacing malformed UTF-8 is harmless.
        return new String(bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private int u16(long at) {
        return Short.toUnsignedInt(bytes.get(LE_SHORT, at));
    }

    private long u32(long at) {
        return Integer.toUnsignedLong(bytes.get(LE_INT, at));
    }

    private InvalidInputException fail(String field, String problem) {
        return new InvalidInputException(source, "zip " + field, problem);
    }
}
