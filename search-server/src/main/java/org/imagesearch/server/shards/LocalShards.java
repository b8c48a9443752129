package org.imagesearch.server.shards;

import java.nio.file.Path;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.GenerationSource;
import org.imagesearch.server.index.IndexSettings;

/** Opens generations from this machine's disks. Thread-safe. */
public final class LocalShards implements GenerationSource {
    private final IndexDirectory index;
    private final Fingerprint model;
    private final String modelName;
    private final IndexSettings settings;
    private final ShardScans scans;
    private final FilterCounts filterCounts = new FilterCounts();

    /**
     * @param root the index
     * @param model the model that queries are encoded with
     * @param modelName where that model is, for messages
     * @param scans stays the caller's
     */
    public LocalShards(Path root, Fingerprint model, String modelName, IndexSettings settings, ShardScans scans) {
        this.index = new IndexDirectory(root);
        this.model = model;
        this.modelName = modelName;
        this.settings = settings;
        this.scans = scans;
    }

    @Override
    public Generation open(String name) {
        LocalGeneration generation = LocalGeneration.open(index, name, model, modelName, settings, scans, filterCounts);
        try {
            WarmUp.of(generation);
            return generation;
        } catch (RuntimeException e) {
            generation.release();
            throw e;
        }
    }

    /** Mapped and without screens, which read all vectors. */
    @Override
    public Generation openFirst(String name) {
        return LocalGeneration.open(
                index,
                name,
                model,
                modelName,
                settings.map() ? settings.withoutScreens() : settings,
                scans,
                filterCounts);
    }

    /** What {@link #openFirst} has left out. */
    @Override
    public boolean canBeFaster(Generation first) {
        return settings.map()
                && first instanceof LocalGeneration generation
                && generation.screensAreWanted(settings.screen());
    }
}
