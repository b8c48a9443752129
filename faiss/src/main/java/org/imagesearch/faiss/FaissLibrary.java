package org.imagesearch.faiss;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.RootCause;
import org.imagesearch.faiss.binding.FaissCalls;

/** The native library: whether it could be loaded here, whether it fits this binding, and what it is. */
public final class FaissLibrary {
    private static final Pattern VERSION = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})\\.(\\d{1,6})");

    private static final String SIMD_PROPERTY = "imagesearch.simd";
    private static final String SIMD_VARIABLE = "IMAGESEARCH_SIMD";

    /** The first with id selectors in searches. */
    private static final int[] OLDEST = {1, 7, 3};

    /** A new first number may change the layout of index files, which {@link IndexFile} checks. */
    private static final int[] BEFORE = {2, 0, 0};

    private static final Optional<Throwable> FAILURE = load();

    private FaissLibrary() {}

    /** Why the library cannot be used here: it could not be loaded, or holds a Faiss that does not fit; empty if it can. */
    public static Optional<Throwable> failure() {
        return FAILURE;
    }

    /** @throws ImageSearchException (resource) with the reason, if the library could not be loaded */
    public static void require() {
        if (FAILURE.isPresent()) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "the Faiss library cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": "
                            + RootCause.of(FAILURE.get()),
                    FAILURE.get());
        }
    }

    /** The version of Faiss inside, for example {@code 1.7.3}. */
    public static String version() {
        require();
        return FaissCalls.version();
    }

    /**
     * The instructions that searches use: {@code avx512}, {@code avx2} or {@code portable}. It is the best that the processor has,
     * unless the system property {@value #SIMD_PROPERTY} or the environment variable {@value #SIMD_VARIABLE} names another.
     */
    public static String instructionSet() {
        require();
        return FaissCalls.instructionSet();
    }

    private static Optional<Throwable> load() {
        try {
            FaissCalls.load();
            String wanted = System.getProperty(SIMD_PROPERTY, System.getenv(SIMD_VARIABLE));
            if (wanted != null) {
                FaissCalls.useInstructionSet(wanted);
            }
            return unfit(FaissCalls.version());
        } catch (LinkageError | RuntimeException e) {
            return Optional.of(e);
        }
    }

    /** Why a version of Faiss does not fit the native code here; empty if it does. */
    static Optional<Throwable> unfit(String version) {
        Matcher numbers = VERSION.matcher(version);
        if (numbers.matches()
                && Arrays.compare(numbers(numbers), OLDEST) >= 0
                && Arrays.compare(numbers(numbers), BEFORE) < 0) {
            return Optional.empty();
        }
        return Optional.of(ImageSearchException.resource(
                "it holds Faiss %s, expected %s or later, before %s", version, dotted(OLDEST), dotted(BEFORE)));
    }

    private static int[] numbers(Matcher version) {
        return IntStream.rangeClosed(1, 3)
                .map(part -> Integer.parseInt(version.group(part)))
                .toArray();
    }

    private static String dotted(int[] version) {
        return Arrays.stream(version).mapToObj(Integer::toString).collect(Collectors.joining("."));
    }
}
