package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Optional;
import org.imagesearch.core.Fingerprint;

/**
 * What a task must know of the dataset that it reads.
 *
 * @param dimension floats per embedding
 * @param normalised whether the dataset promises unit length
 * @param model text form of the fingerprint that every file must carry
 * @param batch rows held at once
 */
record InputFormat(int dimension, boolean normalised, String model, int batch) implements Serializable {
    Optional<Fingerprint> fingerprint() {
        return Optional.of(new Fingerprint(model));
    }
}
