package org.imagesearch.embed;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.Device;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.QueryVector;
import org.imagesearch.core.query.Term;

/** Turns queries into vectors, as the server does, on the driver: they are few. */
final class QueryTerms {
    private final ModelBundle bundle;
    private final EmbedSettings settings;

    QueryTerms(ModelBundle bundle, EmbedSettings settings) {
        this.bundle = bundle;
        this.settings = settings;
    }

    /** The ids of pictures that queries name. */
    static Set<Long> ids(List<Query> queries) {
        Set<Long> ids = new TreeSet<>();
        for (Query query : queries) {
            for (Term term : query.terms()) {
                if (term instanceof Term.Indexed indexed) {
                    ids.add(indexed.id());
                }
            }
        }
        return ids;
    }

    /**
     * One vector of unit length, float[dimension], per query.
     *
     * @param known embeddings of the pictures that are named by id
     * @throws org.imagesearch.core.ImageSearchException (input) if a vector is of no use, or terms cancel each other out
     * @throws org.imagesearch.clip.PictureException if a picture cannot be decoded
     */
    List<float[]> encode(List<Query> queries, Map<Long, float[]> known) {
        Device device = settings.model().device() == Device.CPU ? Device.CPU : Device.AUTO;
        EncoderSettings one =
                new EncoderSettings(device, 0, settings.model().gpuMemory().count(), 1, 1);
        DecodeLimits limits = settings.picture().limits();
        PictureDecoder decoder = new PictureDecoder(limits, settings.picture().applyOrientation());
        Preprocessor preprocessor = new Preprocessor(bundle.image());
        try (TextEncoder texts = TextEncoder.open(bundle, one);
                ImageEncoder images = ImageEncoder.open(bundle, one)) {
            return queries.stream()
                    .map(query -> QueryVector.of(query.terms(), bundle.dimension(), term -> {
                        if (term instanceof Term.Text text) {
                            return texts.encode(List.of(text.text()));
                        } else if (term instanceof Term.Image image) {
                            return images.encode(ByteBuffer.wrap(preprocessor.apply(decoder.decode(image.bytes()))), 1);
                        } else if (term instanceof Term.Indexed indexed) {
                            return known.get(indexed.id());
                        }
                        return ((Term.Vector) term).values();
                    }))
                    .toList();
        }
    }
}
