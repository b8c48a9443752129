package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** JSON bodies of every endpoint, mostly with something wrong about them. */
final class FuzzJson {
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1.5",
            "1e999",
            "-1e999",
            "NaN",
            "99999999999999999999999999",
            "9007199254740993",
            "\"\"",
            "\"a\"",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "\"\\x\"",
            "\"\u202e\u0301\"",
            "[]",
            "{}",
            "[[]]",
            "[null]",
            "{\"text\":\"a\"}",
            "");
    private static final Pattern VALUE = Pattern.compile("(?<=:)(?:\"[^\"]*\"|-?[\\d.]+|true|false|\\[[^\\]]*\\])");

    private final List<String> right;

    /**
     * @param dimension floats of a vector
     * @param picture a picture's bytes
     */
    FuzzJson(int dimension, byte[] picture) {
        float[] vector = new float[dimension];
        Arrays.fill(vector, 0.125f);
        String image = Base64.getEncoder().encodeToString(picture);
        String floats = Arrays.toString(vector);
        right = List.of(
                "{\"text\":\"red car\",\"k\":3}",
                "{\"text\":\"red car\",\"k\":3,\"filter\":\"width>=10 AND (caption:car OR NOT id=3)\"}",
                "{\"terms\":[{\"text\":\"a\",\"weight\":1.5},{\"id\":1,\"weight\":-0.5}],\"recall\":0.9}",
                "{\"id\":7,\"withVectors\":true,\"minScore\":0.2,\"nprobe\":3,\"nearDuplicates\":0.9,\"partial\":false}",
                "{\"text\":\"a\",\"calibrated\":true,\"cutoff\":\"auto\",\"minPercentile\":0.5}",
                "{\"text\":\"a\",\"facets\":[\"indoor\",\"outdoor\"],\"facet\":\"indoor\"}",
                "{\"text\":\"a\",\"cursor\":\"AAAA\"}",
                "{\"queries\":[{\"text\":\"a\"},{\"id\":7},{\"k\":0}]}",
                "{\"ids\":[1,7],\"reason\":\"because\",\"dryRun\":false}",
                "{\"id\":1,\"minScore\":0.8,\"limit\":5,\"dryRun\":true}",
                "{\"text\":\"a\",\"num_images\":2,\"num_result_ids\":9,\"deduplicate\":true,\"modality\":\"image\"}",
                "{\"embedding_input\":" + floats + ",\"num_images\":2}",
                "{\"ids\":[1,\"7\"],\"indice_name\":null}",
                "{\"image\":\"" + image + "\"}",
                "{\"vector\":" + floats + "}");
    }

    byte[] body(Random random) {
        String body = FuzzRequests.pick(random, right);
        return switch (random.nextInt(12)) {
            case 0 -> nested(random).getBytes(UTF_8);
            case 1 -> large(random).getBytes(UTF_8);
            case 2 -> body.getBytes(UTF_8);
            case 3 -> doubled(body).getBytes(UTF_8);
            case 4, 5 -> FuzzBytes.mutated(random, body.getBytes(UTF_8));
            default -> replaced(random, body).getBytes(UTF_8);
        };
    }

    /** A value or two of another type. */
    private static String replaced(Random random, String body) {
        String changed = body;
        for (int i = 0; i <= random.nextInt(2); i++) {
            Matcher values = VALUE.matcher(changed);
            int which = random.nextInt(4);
            while (values.find()) {
                if (which-- == 0) {
                    changed = changed.substring(0, values.start())
                            + FuzzRequests.pick(random, VALUES)
                            + changed.substring(values.end());
                    break;
                }
            }
        }
        return changed;
    }

    /** Every key twice. */
    private static String doubled(String body) {
        return "{" + body.substring(1, body.length() - 1) + "," + body.substring(1);
    }

    private static String nested(Random random) {
        int depth = 1 << (2 + random.nextInt(14));
        return switch (random.nextInt(3)) {
            case 0 -> "[".repeat(depth);
            case 1 -> "{\"text\":".repeat(depth) + "1" + "}".repeat(depth);
            default -> "{\"terms\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
        };
    }

    private static String large(Random random) {
        int size = 1 << (8 + random.nextInt(10));
        return switch (random.nextInt(5)) {
            case 0 -> "{\"text\":\"" + "é".repeat(size) + "\"}";
            case 1 -> "{\"k\":" + "9".repeat(size) + "}";
            case 2 -> "{\"vector\":[" + "1e-300,".repeat(size / 8) + "1]}";
            case 3 -> "{\"ids\":[" + "1,".repeat(size / 2) + "1]}";
            default -> "{\"text\":\"a\"," + "\"k\":1,".repeat(size / 8) + "\"k\":1}";
        };
    }
}
