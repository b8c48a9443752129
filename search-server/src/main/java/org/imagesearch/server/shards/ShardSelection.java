package org.imagesearch.server.shards;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.imagesearch.core.ImageSearchException;

/** Which shards of an index a server serves: {@code 0-3,7}, or all. */
final class ShardSelection {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    private ShardSelection() {}

    /**
     * @param text numbers and ranges; blank for all
     * @param total shards of the index
     * @return shard numbers, ascending
     * @throws ImageSearchException (input) if the text is no selection or names a shard that the index does not have
     */
    static List<Integer> parse(String text, int total) {
        if (text.isBlank()) {
            return IntStream.range(0, total).boxed().toList();
        }
        TreeSet<Integer> numbers = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            Matcher range = RANGE.matcher(part.strip());
            if (!range.matches()) {
                throw ImageSearchException.input("--shards is '%s', expected numbers and ranges like 0-3,7", text);
            }
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (first > last || last >= total) {
                throw ImageSearchException.input(
                        "--shards names %s, but the index has the shards 0 to %d", part.strip(), total - 1);
            }
            IntStream.rangeClosed(first, last).forEach(numbers::add);
        }
        return new ArrayList<>(numbers);
    }
}
