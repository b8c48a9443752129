package org.imagesearch.clip;

/** What a model runs on. */
public enum Device {
    CPU,
    /** A CUDA device; its absence is an error at start. */
    CUDA,
    /** A CUDA device if there is one that works, else the CPU; which one is logged. */
    AUTO
}
