package org.imagesearch.server.nodes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.index.StoredPicture;
import org.imagesearch.server.nodes.Gathering.Gathered;
import org.imagesearch.server.nodes.Message.Picture;
import org.imagesearch.server.nodes.Nodes.Replica;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * A generation whose shards are on nodes. What is taken down is left out on the nodes, which follow the same file; here it is left
 * out once more, for the moment in which a node does not know of it yet. Thread-safe.
 */
final class RemoteGeneration extends Generation {
    /** Ids in one question, where rows or vectors come back: with them, an answer is a few MiB. */
    private static final int IDS_AT_ONCE = 1000;

    private final IndexManifest manifest;
    private final SharedCentroids centroids;
    private final Optional<BackgroundSample> background;
    private final long[] down;
    private final Nodes nodes;
    private final RecentLatencies scans;
    private final RecentLatencies lookups;
    private final List<Integer> shards;

    /**
     * @param centroids this generation's to release
     * @param down ids that are taken down, ascending
     */
    RemoteGeneration(
            IndexManifest manifest,
            SharedCentroids centroids,
            Optional<BackgroundSample> background,
            long[] down,
            Nodes nodes,
            RecentLatencies scans,
            RecentLatencies lookups) {
        this.manifest = manifest;
        this.centroids = centroids;
        this.background = background;
        this.down = down;
        this.nodes = nodes;
        this.scans = scans;
        this.lookups = lookups;
        this.shards = manifest.shards().stream().map(ShardEntry::number).toList();
    }

    @Override
    protected RemoteGeneration hiding(long[] next) {
        return new RemoteGeneration(manifest, centroids.retain(), background, next, nodes, scans, lookups);
    }

    @Override
    public IndexManifest manifest() {
        return manifest;
    }

    @Override
    public IvfIndex centroids() {
        return centroids.get();
    }

    @Override
    public Optional<BackgroundSample> background() {
        return background;
    }

    @Override
    public List<Integer> shards() {
        return shards;
    }

    @Override
    public int reachableShards() {
        return replicas().size();
    }

    @Override
    public long pictures() {
        return manifest.shards().stream().mapToLong(ShardEntry::count).sum() - hiddenPictures();
    }

    @Override
    public long hiddenPictures() {
        return replicas().values().stream()
                .mapToLong(all -> all.stream().mapToLong(Replica::hidden).max().orElse(0))
                .sum();
    }

    /** Those of all nodes that have the generation open. */
    @Override
    public Optional<Columns> columns() {
        List<Optional<Columns>> known = nodes.columns(manifest.generation());
        if (known.isEmpty()) {
            throw RequestException.of(
                    Problem.UNAVAILABLE, "no node can be reached that knows the columns of %s", manifest.generation());
        }
        return known.stream()
                .reduce((one, other) -> one.flatMap(some -> other.map(some::and)))
                .get();
    }

    /** The nodes' memory is not this process's. */
    @Override
    public long screenBytes() {
        return 0;
    }

    @Override
    public boolean isDown(long id) {
        return Arrays.binarySearch(down, id) >= 0;
    }

    private Map<Integer, List<Replica>> replicas() {
        return nodes.replicas(manifest.generation());
    }

    @Override
    public List<ShardHits> scan(Probe probe, boolean patient, Deadline deadline) {
        return scan(new ScanQuestion(manifest.generation(), probe, false), shards, patient, deadline);
    }

    @Override
    public ShardHits scanQuietly(int shard, Probe probe, Deadline deadline) {
        return scan(new ScanQuestion(manifest.generation(), probe, true), List.of(shard), true, deadline)
                .get(0);
    }

    private List<ShardHits> scan(ScanQuestion question, List<Integer> asked, boolean patient, Deadline deadline) {
        Gathered<ShardHits> gathered = new Gathering<>(nodes, scans, replicas(), question, patient, deadline).of(asked);
        return asked.stream()
                .map(shard -> Optional.ofNullable(gathered.answers().get(shard))
                        .map(this::withoutDown)
                        .orElseGet(() ->
                                ShardHits.none(shard, gathered.problems().getOrDefault(shard, ShardHits.UNREACHABLE))))
                .toList();
    }

    private ShardHits withoutDown(ShardHits hits) {
        if (LongStream.of(hits.ids()).noneMatch(this::isDown)) {
            return hits;
        }
        long[] ids = new long[hits.ids().length];
        float[] scores = new float[ids.length];
        int kept = 0;
        for (int i = 0; i < ids.length; i++) {
            if (!isDown(hits.ids()[i])) {
                ids[kept] = hits.ids()[i];
                scores[kept++] = hits.scores()[i];
            }
        }
        return new ShardHits(hits.shard(), Arrays.copyOf(ids, kept), Arrays.copyOf(scores, kept), null);
    }

    @Override
    public List<Optional<StoredPicture>> pictures(List<Found> hits, boolean withVectors, Deadline deadline) {
        List<Optional<StoredPicture>> all = new ArrayList<>(hits.size());
        for (int from = 0; from < hits.size(); from += IDS_AT_ONCE) {
            List<Found> some = hits.subList(from, Math.min(hits.size(), from + IDS_AT_ONCE));
            Map<Long, StoredPicture> found = lookUp(some, withVectors, deadline);
            some.forEach(hit -> all.add(Optional.ofNullable(found.get(hit.id()))));
        }
        return all;
    }

    private Map<Long, StoredPicture> lookUp(List<Found> hits, boolean withVectors, Deadline deadline) {
        List<Integer> asked =
                hits.stream().map(Found::shard).distinct().sorted().toList();
        LookupQuestion question = new LookupQuestion(manifest.generation(), ids(hits), true, withVectors, false);
        Map<Long, StoredPicture> found = new HashMap<>();
        gather(question, asked, deadline)
                .answers()
                .values()
                .forEach(pictures -> pictures.forEach(picture -> found.put(picture.id(), stored(picture))));
        return found;
    }

    private static long[] ids(List<Found> hits) {
        return hits.stream().mapToLong(Found::id).toArray();
    }

    private Gathered<List<Picture>> gather(LookupQuestion question, List<Integer> asked, Deadline deadline) {
        return new Gathering<>(nodes, lookups, replicas(), question, true, deadline).of(asked);
    }

    private static StoredPicture stored(Picture picture) {
        return new StoredPicture(
                row(picture), picture.vector().length == 0 ? Optional.empty() : Optional.of(picture.vector()));
    }

    private static ImageRow row(Picture picture) {
        return RowCodec.decode(picture.row(), 0, picture.row().length);
    }

    @Override
    public Optional<ImageRow> row(long id) {
        return isDown(id) ? Optional.empty() : find(id, true, false).map(RemoteGeneration::row);
    }

    @Override
    protected Map<Long, ImageRow> storedRows(long[] ids) {
        Map<Long, ImageRow> found = new HashMap<>();
        for (int from = 0; from < ids.length; from += IDS_AT_ONCE) {
            long[] some = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + IDS_AT_ONCE));
            Gathered<List<Picture>> gathered = gather(
                    new LookupQuestion(manifest.generation(), some, true, false, false), shards, lookupDeadline());
            gathered.answers().values().forEach(pictures -> pictures.forEach(one -> found.put(one.id(), row(one))));
            if (!LongStream.of(some).allMatch(found::containsKey)) {
                requireAll(gathered, "some of the pictures");
            }
        }
        return found;
    }

    @Override
    public Optional<float[]> storedVector(long id) {
        return find(id, false, true).map(Picture::vector);
    }

    private Optional<Picture> find(long id, boolean rows, boolean vectors) {
        LookupQuestion question = new LookupQuestion(manifest.generation(), new long[] {id}, rows, vectors, true);
        Gathered<List<Picture>> gathered = gather(question, shards, lookupDeadline());
        Optional<Picture> found =
                gathered.answers().values().stream().flatMap(List::stream).findFirst();
        if (found.isEmpty()) {
            requireAll(gathered, "the picture with id " + id);
        }
        return found;
    }

    private Deadline lookupDeadline() {
        return Deadline.in(nodes.settings().lookup());
    }

    private static void requireAll(Gathered<?> gathered, String what) {
        gathered.problems().forEach((shard, problem) -> {
            throw RequestException.of(
                    Problem.UNAVAILABLE, "shard %d, which may have %s, does not answer: %s", shard, what, problem);
        });
    }

    @Override
    public int count(long[] ids) {
        Set<Long> held = new HashSet<>();
        for (int from = 0; from < ids.length; from += IDS_AT_ONCE) {
            long[] some = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + IDS_AT_ONCE));
            Gathered<List<Picture>> gathered = gather(
                    new LookupQuestion(manifest.generation(), some, false, false, false), shards, lookupDeadline());
            requireAll(gathered, "some of the pictures");
            gathered.answers().values().forEach(pictures -> pictures.forEach(picture -> held.add(picture.id())));
        }
        return held.size();
    }

    @Override
    protected void close() {
        centroids.release();
    }
}
