package org.imagesearch.server.shards;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.index.FilterCacheState;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.Screening;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.index.StoredPicture;
import org.imagesearch.server.index.Verification;
import org.imagesearch.server.query.Deadline;

/** A generation whose shards are open in this process. Thread-safe. */
public final class LocalGeneration extends Generation {
    private final IndexManifest manifest;
    private final OpenFiles files;
    private final Optional<BackgroundSample> background;
    private final HiddenPictures hidden;
    private final ShardScans scans;
    private final Bytes filterCache;
    private final FilterCounts filterCounts;
    private final RecentFilters filters;

    private LocalGeneration(
            IndexManifest manifest,
            OpenFiles files,
            Optional<BackgroundSample> background,
            HiddenPictures hidden,
            ShardScans scans,
            Bytes filterCache,
            FilterCounts filterCounts) {
        this.manifest = manifest;
        this.files = files;
        this.background = background;
        this.hidden = hidden;
        this.scans = scans;
        this.filterCache = filterCache;
        this.filterCounts = filterCounts;
        // What a filter lets through depends on what is taken down.
        this.filters = new RecentFilters(filterCache.count(), filterCounts);
    }

    /**
     * Verifies and opens a generation.
     *
     * @param model the model that queries will be encoded with
     * @param modelName where that model is, for the message
     * @param scans what scans its shards; stays the caller's
     * @param filterCounts counts what its filters come to, beside those of other generations
     * @throws ImageSearchException (data) naming the file or both fingerprints, if something is damaged or does not fit;
     *     (input) if a shard is asked for that does not exist
     */
    static LocalGeneration open(
            IndexDirectory index,
            String name,
            Fingerprint model,
            String modelName,
            IndexSettings settings,
            ShardScans scans,
            FilterCounts filterCounts) {
        Path path = index.generationPath(name);
        IndexManifest manifest = index.readManifest(name);
        manifest.model().requireSame("the index " + path, model, "the model " + modelName);
        List<ShardEntry> wanted = ShardSelection.parse(
                        settings.shards(), manifest.shards().size())
                .stream()
                .map(manifest.shards()::get)
                .toList();
        if (wanted.isEmpty()) {
            throw ImageSearchException.data("%s has no shards", path);
        }
        verify(index, name, settings.verify(), filesOf(manifest, wanted));
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            IvfIndex centroids = IvfIndex.read(path.resolve(manifest.centroids().name()));
            opened.add(centroids);
            float[] values = centroids.centroids();
            // What is made for searching among them, the first query would wait for.
            centroids.assign(values, 1, 1, new long[1], new float[1]);
            boolean screen = settings.screen().wanted(wanted, AvailableMemory.bytes());
            List<Shard> shards =
                    opened(wanted, opened, entry -> Shard.open(path, manifest, entry, values, settings.map(), screen));
            Optional<BackgroundSample> background = manifest.calibration()
                    .map(entry ->
                            BackgroundSample.read(path.resolve(entry.sample().name()), manifest.dimension()));
            return new LocalGeneration(
                    manifest,
                    new OpenFiles(centroids, shards),
                    background,
                    HiddenPictures.none(shards),
                    scans,
                    settings.filterCache(),
                    filterCounts);
        } catch (RuntimeException e) {
            opened.forEach(OpenFiles::closePart);
            throw e;
        }
    }

    /** Opens shards side by side, and all of them even if one fails: what is open must be closed then. */
    private static List<Shard> opened(
            List<ShardEntry> wanted, List<AutoCloseable> opened, Function<ShardEntry, Shard> opening) {
        List<Attempt> attempts = wanted.parallelStream()
                .map(entry -> {
                    try {
                        return new Attempt(opening.apply(entry), null);
                    } catch (RuntimeException e) {
                        return new Attempt(null, e);
                    }
                })
                .toList();
        List<Shard> shards =
                attempts.stream().map(Attempt::shard).filter(Objects::nonNull).toList();
        opened.addAll(shards);
        attempts.stream()
                .map(Attempt::failure)
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(failure -> {
                    throw failure;
                });
        return shards;
    }

    /** One of the two is null. */
    private record Attempt(Shard shard, RuntimeException failure) {}

    private static void verify(IndexDirectory index, String name, Verification verification, Stream<FileEntry> files) {
        switch (verification) {
            case QUICK -> files.parallel().forEach(file -> index.verifyQuickly(name, file));
            case WHOLE -> files.parallel().forEach(file -> index.verify(name, file));
            case NONE -> {}
        }
    }

    private static Stream<FileEntry> filesOf(IndexManifest manifest, List<ShardEntry> shards) {
        return Stream.of(
                        Stream.of(manifest.centroids()),
                        manifest.calibration().stream().map(CalibrationEntry::sample),
                        shards.stream().flatMap(ShardEntry::files))
                .flatMap(files -> files);
    }

    /** What is known of this one is not looked up again. */
    @Override
    protected LocalGeneration hiding(long[] down) {
        files.retain();
        try {
            return new LocalGeneration(
                    manifest, files, background, hidden.next(files.shards(), down), scans, filterCache, filterCounts);
        } catch (RuntimeException e) {
            files.release();
            throw e;
        }
    }

    @Override
    public IndexManifest manifest() {
        return manifest;
    }

    @Override
    public IvfIndex centroids() {
        return files.centroids();
    }

    @Override
    public Optional<BackgroundSample> background() {
        return background;
    }

    @Override
    public List<Integer> shards() {
        return files.shards().stream().map(Shard::number).toList();
    }

    /** The shards, by number. Their vectors and rows are whole: what is taken down is left out by {@link #filter}. */
    public List<Shard> openShards() {
        return files.shards();
    }

    /** What a scan of a shard lets through, null for everything. Valid while this generation is retained. */
    public IdFilter filter(Shard shard) {
        return hidden.filter(shard.number());
    }

    /** Whether its shards have no screens, but should by a setting and what memory there is. */
    boolean screensAreWanted(Screening screening) {
        List<ShardEntry> entries = shards().stream().map(manifest.shards()::get).toList();
        return screenBytes() == 0
                && files.shards().stream().anyMatch(shard -> shard.vectors().isExact())
                && screening.wanted(entries, AvailableMemory.bytes());
    }

    /** What a filter lets through in a shard, without what is taken down. To be given back before this generation is. */
    RecentFilters.Use matches(Shard shard, Filter filter) {
        return filters.use(
                shard.number(), filter.text(), () -> shard.matches(filter, hidden.presentIn(shard.number())));
    }

    @Override
    public Optional<Columns> columns() {
        Columns all = Columns.OF_EVERY_PICTURE;
        for (Shard shard : files.shards()) {
            if (shard.columns().isEmpty()) {
                return Optional.empty();
            }
            all = all.and(shard.columns().get());
        }
        return Optional.of(all);
    }

    @Override
    public long screenBytes() {
        return files.shards().stream().mapToLong(Shard::screenBytes).sum();
    }

    @Override
    public Optional<FilterCacheState> filterCache() {
        return Optional.of(filterCounts.state());
    }

    @Override
    public boolean isDown(long id) {
        return hidden.isDown(id);
    }

    @Override
    public long pictures() {
        return files.vectors() - hidden.present();
    }

    @Override
    public long hiddenPictures() {
        return hidden.present();
    }

    /** Patient in any case: nothing is slow here that others are not. */
    @Override
    public List<ShardHits> scan(Probe probe, boolean patient, Deadline deadline) {
        return scans.scan(this, probe, deadline);
    }

    @Override
    public ShardHits scanQuietly(int shard, Probe probe, Deadline deadline) {
        return deadline.hasPassed()
                ? ShardHits.none(shard, ShardHits.DEADLINE)
                : ShardScans.scanHere(this, shard(shard), probe);
    }

    /** Pictures of a shard that are taken down. */
    public long hiddenPictures(Shard shard) {
        return hidden.present(shard.number());
    }

    /** @throws IllegalArgumentException if the shard is not served here */
    public Shard shard(int number) {
        return files.shards().stream()
                .filter(shard -> shard.number() == number)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("shard " + number + " is not served"));
    }

    @Override
    public List<Optional<StoredPicture>> pictures(List<Found> hits, boolean withVectors, Deadline deadline) {
        Map<Found, StoredPicture> pictures = new HashMap<>();
        hits.stream().collect(Collectors.groupingBy(Found::shard)).forEach((number, found) -> {
            Shard shard = shard(number);
            List<Optional<ImageRow>> rows =
                    shard.rows(found.stream().mapToLong(Found::id).toArray());
            for (int i = 0; i < rows.size(); i++) {
                Found one = found.get(i);
                ImageRow row = rows.get(i)
                        .orElseThrow(() -> ImageSearchException.data(
                                "shard %d has a vector of id %d, but no row", number, one.id()));
                pictures.put(one, new StoredPicture(row, withVectors ? shard.vector(one.id()) : Optional.empty()));
            }
        });
        return hits.stream().map(hit -> Optional.of(pictures.get(hit))).toList();
    }

    @Override
    public Optional<ImageRow> row(long id) {
        return isDown(id) ? Optional.empty() : firstOf(shard -> shard.row(id));
    }

    @Override
    protected Map<Long, ImageRow> storedRows(long[] ids) {
        Map<Long, ImageRow> found = new HashMap<>();
        for (Shard shard : files.shards()) {
            List<Optional<ImageRow>> rows = shard.rows(ids);
            for (int i = 0; i < ids.length; i++) {
                long id = ids[i];
                rows.get(i).ifPresent(row -> found.put(id, row));
            }
        }
        return found;
    }

    @Override
    public Optional<float[]> storedVector(long id) {
        return firstOf(shard -> shard.vector(id));
    }

    @Override
    public int count(long[] ids) {
        return (int) LongStream.of(ids)
                .distinct()
                .filter(id -> files.shards().stream().anyMatch(shard -> shard.holds(id)))
                .count();
    }

    private <T> Optional<T> firstOf(Function<Shard, Optional<T>> find) {
        return files.shards().stream()
                .flatMap(shard -> find.apply(shard).stream())
                .findFirst();
    }

    @Override
    protected void close() {
        filters.close();
        hidden.close();
        files.release();
    }
}
