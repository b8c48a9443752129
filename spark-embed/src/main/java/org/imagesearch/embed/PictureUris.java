package org.imagesearch.embed;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/** The uris of pictures that are no files of their own, or that a table names in whatever form its writer chose. */
final class PictureUris {
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*", Pattern.DOTALL);

    private PictureUris() {}

    /**
     * The uri that a table's text means. Http addresses stay what they are. Other text with a scheme is a uri if it can be one,
     * else an address whose characters are not escaped; text without a scheme is a path, not escaped, and a relative one begins
     * in the table's folder.
     *
     * @param table uri of the Parquet file that the text is from
     * @return null for null and for blank text
     */
    static String of(String text, String table) {
        String given = text == null ? "" : text.strip();
        if (given.isEmpty()) {
            return null;
        }
        if (HttpPictures.isHttp(given)) {
            return quoted(given);
        }
        try {
            if (SCHEME.matcher(given).matches()) {
                return PictureFiles.uri(isUri(given) ? new Path(URI.create(given)) : new Path(given));
            }
            return PictureFiles.uri(new Path(new Path(URI.create(table)).getParent(), withoutScheme(given)));
        } catch (IllegalArgumentException e) {
            // It leads nowhere; reading it says so.
            return quoted(given);
        }
    }

    /** A name may hold a colon, which {@link Path} would take for the end of a scheme. */
    private static Path withoutScheme(String path) {
        return new Path(null, null, path);
    }

    private static boolean isUri(String text) {
        try {
            URI uri = new URI(text);
            // Object stores' keys may hold # and ?, which mean nothing else there.
            return uri.getRawFragment() == null && uri.getRawQuery() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /** The uri of a row that has no other: {@code <Parquet file>#row=N}. */
    static String ofRow(String table, long row) {
        return table + "#row=" + row;
    }

    /** The uri of a tar's member: {@code <tar>#<name>}, escaped. */
    static String ofMember(String tar, String name) {
        try {
            return tar + "#" + new URI(null, null, "", name).getRawFragment();
        } catch (URISyntaxException e) {
            return tar + "#" + quoted(name);
        }
    }

    /** Text in which everything that no uri may hold is escaped, and what is escaped already stays. */
    static String quoted(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            int value = octet & 0xff;
            if (value <= ' ' || value == 0x7f || "\"<>\\^`{|}".indexOf(value) >= 0) {
                out.append(String.format(Locale.ROOT, "%%%02X", value));
            } else if (value > 0x7f) {
                out.append(String.format(Locale.ROOT, "%%%02X", value));
            } else {
                out.append((char) value);
            }
        }
        return out.toString();
    }
}
