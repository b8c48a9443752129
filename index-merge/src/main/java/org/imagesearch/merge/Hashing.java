package org.imagesearch.merge;

/** Stable hashes: they decide who is sampled and what goes to which shard, on every machine alike. */
final class Hashing {
    private Hashing() {}

    /** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the id moves every bit of the hash. */
    static long mix(long id) {
        long z = id + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** The place of an id in the random order of a seed: smaller ones are drawn first. */
    static long rank(long id, long seed) {
        return mix(mix(id) ^ mix(~seed));
    }
}
