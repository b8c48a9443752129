package org.imagesearch.core.query;

import java.util.List;
import java.util.Optional;

/** Everything of a query but its terms, wherever it is written. What is not given is empty; refusals name the option. */
public interface QueryOptions {
    Optional<Integer> wholeNumber(String name);

    Optional<Double> number(String name);

    Optional<String> text(String name);

    /** None where it is not given. */
    List<String> texts(String name);

    /** @param otherwise where it is not given */
    boolean flag(String name, boolean otherwise);
}
