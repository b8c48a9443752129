package org.imagesearch.core.index;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * How an index keeps its vectors, as a Faiss factory string: {@code IVF1024,Flat}, {@code IVF1024,SQ8},
 * {@code IVF1024,PQ64,RFlat}, {@code IVF1024,PQ64,Refine(SQfp16)}.
 *
 * @param nlist inverted lists; empty in {@code IVF,SQ8}, which leaves the number to the number of pictures
 * @param codec what the lists hold
 * @param refinement what the best hits are compared with again: {@code Flat} or {@code SQfp16}; empty for none
 */
public record IndexFactory(OptionalInt nlist, VectorCodec codec, Optional<VectorCodec> refinement) {
    private static final Pattern FACTORY = Pattern.compile("IVF(\\d{0,7}),(\\w+)(?:,(RFlat|Refine\\((\\w+)\\)))?");
    private static final String EXPECTED =
            "expected IVF<nlist>,Flat or SQfp16, SQ8, PQ<m> in place of Flat, and perhaps ,RFlat or ,Refine(SQfp16) behind it";

    /** @throws ImageSearchException (input) if there are no lists, or the refinement is not finer than the codec */
    public IndexFactory {
        if (nlist.isPresent() && nlist.getAsInt() < 1) {
            throw ImageSearchException.input("factory: nlist is %d, expected 1 or more", nlist.getAsInt());
        }
        if (refinement.isPresent()) {
            VectorCodec finer = refinement.get();
            if (finer.kind() != VectorCodec.Kind.FLAT && finer.kind() != VectorCodec.Kind.HALF) {
                throw ImageSearchException.input(
                        "factory: hits are refined from Flat or SQfp16 vectors, not from %s", finer);
            }
            if (finer.kind().compareTo(codec.kind()) >= 0) {
                throw ImageSearchException.input("factory: %s vectors refine nothing that %s holds", finer, codec);
            }
        }
    }

    /** Without refinement. */
    public static IndexFactory of(int nlist, VectorCodec codec) {
        return new IndexFactory(OptionalInt.of(nlist), codec, Optional.empty());
    }

    /** @throws ImageSearchException (input) if it is none of ours */
    public static IndexFactory parse(String text) {
        Matcher matcher = FACTORY.matcher(text);
        if (!matcher.matches() || matcher.group(1).matches("0+")) {
            throw ImageSearchException.input("factory '%s' is not supported: %s", text, EXPECTED);
        }
        OptionalInt nlist =
                matcher.group(1).isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(matcher.group(1)));
        Optional<VectorCodec> refinement = Optional.empty();
        if (matcher.group(3) != null) {
            refinement = Optional.of(matcher.group(4) == null ? VectorCodec.FLAT : VectorCodec.parse(matcher.group(4)));
        }
        return new IndexFactory(nlist, VectorCodec.parse(matcher.group(2)), refinement);
    }

    /** The same with this many lists. */
    public IndexFactory withNlist(int lists) {
        return new IndexFactory(OptionalInt.of(lists), codec, refinement);
    }

    /** Whether a search compares every vector of the lists that it probes exactly. */
    public boolean isExact() {
        return codec.isExact();
    }

    /** Bytes per vector in memory for scanning, its id included. */
    public int bytesPerVector(int dimension) {
        return codec.bytesPerVector(dimension) + Long.BYTES;
    }

    /** As Faiss spells it. */
    @Override
    public String toString() {
        String lists = nlist.isPresent() ? Integer.toString(nlist.getAsInt()) : "";
        String refined = refinement
                .map(finer -> finer.isExact() ? ",RFlat" : ",Refine(" + finer + ")")
                .orElse("");
        return "IVF" + lists + "," + codec + refined;
    }
}
