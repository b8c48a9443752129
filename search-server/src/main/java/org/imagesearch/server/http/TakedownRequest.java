package org.imagesearch.server.http;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Which pictures to take down, or to give back: exactly one of ids and picture, or one id and a similarity.
 *
 * @param ids the pictures; empty if a picture is given
 * @param picture a picture's file
 * @param minScore take down everything that is at least so similar to the one id or to the picture
 * @param limit pictures at most that a similarity may take down
 * @param dryRun only tell what would be taken down
 * @param reason why
 */
record TakedownRequest(
        long[] ids,
        Optional<byte[]> picture,
        OptionalDouble minScore,
        int limit,
        boolean dryRun,
        Optional<String> reason) {}
