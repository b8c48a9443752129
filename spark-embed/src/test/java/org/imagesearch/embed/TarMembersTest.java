package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.embed.TarMembers.Kind;
import org.imagesearch.embed.TarMembers.Member;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarMembersTest {
    private static final String LONG_NAME = "deep/".repeat(30) + "ü and a rather long name ".repeat(6) + ".jpg";

    /** What ustar can hold: 155 characters of folders and 100 of a name, in ASCII. */
    private static final String USTAR_NAME = "deep/".repeat(30) + "a".repeat(90) + ".jpg";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"PAX, true", "GNU, true", "USTAR, false"})
    void everyMemberOfPythonsTarsIsFoundWithItsBytes(String format, boolean anyName) throws IOException {
        String name = anyName ? LONG_NAME : USTAR_NAME;
        put("x/" + name, "the long one");
        put("x/000.jpg", "first picture");
        put("x/000.txt", "a caption, ü");
        put("x/000.json", "{\"a\": 1}");
        put("x/notes.md", "no matter");
        put("x/.hidden.jpg", "hidden");
        Path tar = TarFiles.python(folder.resolve("x.tar"), format, folder.resolve("x"));
        List<Member> members = members(tar);
        assertThat(members)
                .extracting(member -> member.kind() + " " + member.name())
                .containsExactly(
                        "OTHER .hidden.jpg",
                        "PICTURE 000.jpg",
                        "JSON 000.json",
                        "CAPTION 000.txt",
                        "PICTURE " + name,
                        "OTHER notes.md")
                .doesNotContain("DAMAGE ");
        assertThat(bytes(tar, members.get(1))).isEqualTo("first picture");
        assertThat(bytes(tar, members.get(4))).isEqualTo("the long one");
        assertThat(members.get(2).text()).isEqualTo("{\"a\": 1}");
        assertThat(members.get(3).text()).isEqualTo("a caption, ü");
        assertThat(members.get(1).key()).isEqualTo(members.get(3).key()).isEqualTo("000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gnu", "pax", "oldgnu"})
    void tarsOfGnuTarAreRead(String format) throws IOException {
        put("x/a/1.jpg", "one");
        put("x/" + LONG_NAME, "long");
        put("x/empty.jpg", "");
        Files.createSymbolicLink(folder.resolve("x/link.jpg"), Path.of("a/1.jpg"));
        Path tar = TarFiles.gnuTar(folder.resolve("x.tar"), folder.resolve("x"), "--sort=name", "--format=" + format);
        List<Member> members = members(tar);
        assertThat(members).extracting(Member::name).containsExactly("a/1.jpg", LONG_NAME, "empty.jpg");
        assertThat(bytes(tar, members.get(0))).isEqualTo("one");
        assertThat(bytes(tar, members.get(1))).isEqualTo("long");
        assertThat(members.get(2).length()).isZero();
    }

    @Test
    void memberAboveEightGigabytesHasItsSizeInBase256AndIsSkippedBySeeking() throws IOException {
        // 9 GiB of nothing: a file with a hole, so that neither disk nor time is spent on it.
        String program =
                """
                import sys, tarfile
                with open(sys.argv[1], 'wb') as out:
                    big = tarfile.TarInfo('big.jpg')
                    big.size = 9 << 30
                    out.write(big.tobuf(format=tarfile.GNU_FORMAT))
                    out.seek(9 << 30, 1)
                    small = tarfile.TarInfo('small.jpg')
                    small.size = 5
                    out.write(small.tobuf(format=tarfile.GNU_FORMAT) + b'small' + bytes(507) + bytes(1024))
                """;
        Path tar = folder.resolve("big.tar");
        TarFiles.run("/usr/bin/python3", "-c", program, tar.toString());
        List<Member> members = members(tar);
        assertThat(members).extracting(Member::length).containsExactly(9L << 30, 5L);
        assertThat(bytes(tar, members.get(1))).isEqualTo("small");
    }

    @Test
    void whatIsBehindADamagedHeaderIsLostAndToldAndTheRestIsNot() throws IOException {
        Path tar = ten();
        Member fifth = members(tar).get(4);
        try (RandomAccessFile file = new RandomAccessFile(tar.toFile(), "rw")) {
            file.seek(fifth.offset() - 512 + 3);
            file.write('X');
        }
        List<Member> members = members(tar);
        assertThat(members).hasSize(5);
        assertThat(members.get(4).kind()).isEqualTo(Kind.DAMAGE);
        assertThat(members.get(4).text()).contains("checksum");
    }

    @Test
    void tarThatIsCutOffAnywhereGivesTheWholeMembersAndSaysThatItIsDamaged() throws IOException {
        Path tar = ten();
        byte[] all = Files.readAllBytes(tar);
        List<Member> whole = members(tar);
        Member fourth = whole.get(3);
        for (long end :
                List.of(fourth.offset() - 512, fourth.offset() - 200, fourth.offset(), fourth.offset() + 1_000)) {
            Files.write(tar, Arrays.copyOf(all, (int) end));
            List<Member> members = members(tar);
            assertThat(members).as("cut at %d", end).hasSize(4);
            assertThat(members.subList(0, 3)).isEqualTo(whole.subList(0, 3));
            assertThat(members.get(3).kind()).isEqualTo(Kind.DAMAGE);
        }
    }

    @Test
    void packedAndEmptyAndOtherFilesAreDamaged() throws IOException {
        Path packed = folder.resolve("packed.tar");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(Files.readAllBytes(ten()));
        }
        assertThat(members(packed)).hasSize(1);
        assertThat(members(packed).get(0).text()).contains("gzip");
        Path empty = Files.write(folder.resolve("empty.tar"), new byte[0]);
        assertThat(members(empty)).extracting(Member::kind).containsExactly(Kind.DAMAGE);
        Path other = Files.writeString(folder.resolve("other.tar"), "I am no tar. ".repeat(200));
        assertThat(members(other)).extracting(Member::kind).containsExactly(Kind.DAMAGE);
        Path none = TarFiles.gnuTar(folder.resolve("none.tar"), Files.createDirectories(folder.resolve("nothing")));
        assertThat(members(none)).isEmpty();
    }

    private Path ten() throws IOException {
        for (int i = 0; i < 10; i++) {
            put("ten/" + i + ".jpg", String.valueOf(i).repeat(2_000));
        }
        return TarFiles.python(folder.resolve("ten.tar"), "PAX", folder.resolve("ten"));
    }

    private void put(String name, String text) {
        DrawnPictures.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }

    private static List<Member> members(Path tar) throws IOException {
        List<Member> all = new ArrayList<>();
        try (TarMembers members = TarMembers.open(tar.toUri().toString(), new Configuration(false))) {
            members.forEachRemaining(all::add);
        }
        return all;
    }

    private static String bytes(Path tar, Member member) throws IOException {
        return new String(
                PictureFiles.readPart(
                        tar.toUri().toString(),
                        member.offset(),
                        member.length(),
                        1_000_000,
                        wanted -> {},
                        new Configuration(false)),
                StandardCharsets.UTF_8);
    }
}
