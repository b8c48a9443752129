package org.imagesearch.core.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class ProgramsTest {
    @Command(name = "try")
    private record Failing(Throwable failure) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            if (failure instanceof Error error) {
                throw error;
            }
            throw (Exception) failure;
        }
    }

    private record Ended(int status, String line) {}

    private static Ended end(Throwable failure) {
        StringWriter err = new StringWriter();
        int status = Programs.endingInOneLine(new CommandLine(new Failing(failure)))
                .setErr(new PrintWriter(err))
                .execute();
        return new Ended(status, err.toString().strip());
    }

    @Test
    void whatIsOursSpeaksForItselfHoweverItIsWrapped() {
        assertThat(end(new IllegalStateException("outer", ImageSearchException.input("%s is no index", "x"))))
                .isEqualTo(new Ended(2, "try: x is no index"));
        assertThat(end(ImageSearchException.resource("no memory"))).isEqualTo(new Ended(1, "try: no memory"));
    }

    @Test
    void whatHappenedToAFileIsToldWithTheFile() {
        assertThat(end(new UncheckedIOException("cannot write f", new IOException("No space left on device"))))
                .isEqualTo(new Ended(1, "try: cannot write f: No space left on device"));
    }

    @Test
    void ofALibraryThatCannotBeLoadedTheReasonIsTold() {
        LinkageError noPlace = new UnsatisfiedLinkError("java.io.IOException: no place");
        noPlace.initCause(new IOException("no place"));
        assertThat(end(new NoClassDefFoundError("Could not initialize class Calls").initCause(noPlace)))
                .isEqualTo(new Ended(1, "try: a library cannot be loaded: no place"));
        assertThat(end(new UnsatisfiedLinkError()))
                .isEqualTo(new Ended(1, "try: a library cannot be loaded: java.lang.UnsatisfiedLinkError"));
    }

    /** As Spark's scheduler tells of a task that failed on an executor. */
    @Test
    void ofAStackThatComesAsTextTheLastCauseIsTold() {
        String message =
                """
                Job aborted due to stage failure: Lost task 0.0: [TASK_WRITE_FAILED] Task failed while writing rows to file:/d.
                \tat org.example.Writer.write(Writer.java:1)
                Caused by: java.lang.RuntimeException: outer
                \t... 18 more
                Caused by: java.io.IOException: No space left on device
                \tat java.base/java.io.FileOutputStream.writeBytes(Native Method)
                \t... 44 more

                Driver stacktrace:""";
        assertThat(end(new IllegalStateException(message)))
                .isEqualTo(new Ended(
                        1,
                        "try: java.lang.IllegalStateException: Job aborted due to stage failure: Lost task 0.0:"
                                + " [TASK_WRITE_FAILED] Task failed while writing rows to file:/d."
                                + " Caused by: java.io.IOException: No space left on device"));
        assertThat(end(new IllegalStateException("one line")))
                .isEqualTo(new Ended(1, "try: java.lang.IllegalStateException: one line"));
    }
}
