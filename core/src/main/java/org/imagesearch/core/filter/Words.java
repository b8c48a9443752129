package org.imagesearch.core.filter;

import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The words of a text, as filters know them: runs of letters, digits and their marks, whatever their case or width. In scripts that put
 * no spaces between words every letter is one, so that a phrase of them is found wherever it stands.
 */
public final class Words {
    /** Longer ones are told apart by their first characters. */
    static final int LONGEST = 100;

    private static final Set<UnicodeScript> WITHOUT_SPACES = EnumSet.of(
            UnicodeScript.HAN,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.THAI,
            UnicodeScript.LAO,
            UnicodeScript.KHMER,
            UnicodeScript.MYANMAR);

    private Words() {}

    /** The words of a text, in their order. */
    public static List<String> of(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean single = false;
        for (int at = 0; at < plain.length(); ) {
            int character = plain.codePointAt(at);
            at += Character.charCount(character);
            if (word.length() > 0 && isMark(character)) {
                append(word, character);
            } else if (!Character.isLetterOrDigit(character)) {
                end(word, words);
            } else {
                boolean alone = isAlone(character);
                if (alone || single) {
                    end(word, words);
                }
                single = alone;
                append(word, character);
            }
        }
        end(word, words);
        return words;
    }

    private static boolean isMark(int character) {
        int type = Character.getType(character);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    private static boolean isAlone(int character) {
        // Most texts are Latin, for which the table need not be asked.
        return character >= 0x0e00 && WITHOUT_SPACES.contains(UnicodeScript.of(character));
    }

    private static void append(StringBuilder word, int character) {
        if (word.length() < LONGEST) {
            word.appendCodePoint(character);
        }
    }

    private static void end(StringBuilder word, List<String> words) {
        if (word.length() > 0) {
            words.add(word.toString());
            word.setLength(0);
        }
    }
}
