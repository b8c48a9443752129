// Searches in codes whose best hits are compared again with better vectors, which lie in a mapped file beside the index.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "codecs.h"
#include "index.h"
#include "scan.h"
#include "scorer.h"
#include "top_hits.h"
#include "visits.h"

namespace imagesearch {

// The vectors of an index, floats or half floats, list by list in the order of its codes. The file must not change.
class RefinementStore {
public:
    // What the file's header says was checked by the caller; its length is checked here, as reading behind it ends the process.
    RefinementStore(const char* path, int64_t header_bytes, Codec codec, const faiss::IndexIVF& index)
            : codec(codec), dimension(index.d), bytes(dimension * (codec == Codec::flat ? sizeof(float) : sizeof(uint16_t))) {
        starts.reserve(index.nlist + 1);
        starts.push_back(0);
        for (size_t list = 0; list < index.nlist; list++) {
            starts.push_back(starts.back() + index.invlists->list_size(list));
        }
        length = header_bytes + starts.back() * bytes;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            throw std::runtime_error(std::string("cannot open it: ") + std::strerror(errno));
        }
        struct stat found;
        bool whole = fstat(file, &found) == 0 && static_cast<size_t>(found.st_size) == length;
        void* memory = whole ? mmap(nullptr, length, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
        close(file);
        if (memory == MAP_FAILED) {
            throw std::runtime_error(
                    whole ? std::string("cannot map it: ") + std::strerror(errno)
                          : "its length does not fit the lists of the index");
        }
        mapped = static_cast<const uint8_t*>(memory);
        vectors = mapped + header_bytes;
        // Hits lie anywhere: what stands around one is of no use.
        madvise(memory, length, MADV_RANDOM);
    }

    RefinementStore(const RefinementStore&) = delete;
    RefinementStore& operator=(const RefinementStore&) = delete;

    ~RefinementStore() {
        munmap(const_cast<uint8_t*>(mapped), length);
    }

    const uint8_t* at(int64_t list, int64_t offset) const {
        return vectors + (starts[list] + offset) * bytes;
    }

    [[gnu::always_inline]] void prefetch(int64_t list, int64_t offset) const {
        fetch(at(list, offset), bytes);
    }

    std::unique_ptr<Scorer> scorer() const {
        if (codec == Codec::flat) {
            return std::make_unique<FlatScorer>(dimension);
        }
        return std::make_unique<HalfScorer>(dimension, false);
    }

    // float[count * dimension].
    void decode(int64_t list, int64_t from, int64_t count, float* out) const {
        const uint8_t* begin = at(list, from);
        if (codec == Codec::flat) {
            std::memcpy(out, begin, count * bytes);
            return;
        }
        for (size_t j = 0; j < count * dimension; j++) {
            uint16_t half;
            std::memcpy(&half, begin + j * sizeof(half), sizeof(half));
            out[j] = portable::half_to_float(half);
        }
    }

private:
    const Codec codec;
    const size_t dimension;
    const size_t bytes;
    std::vector<size_t> starts;
    size_t length;
    const uint8_t* mapped;
    const uint8_t* vectors;
};

inline const RefinementStore& refinement(int64_t handle) {
    return *reinterpret_cast<const RefinementStore*>(handle);
}

// codec: flat or fp16.
inline int64_t refinement_open(const char* path, int64_t header_bytes, int32_t codec, int64_t index) {
    return reinterpret_cast<int64_t>(
            new RefinementStore(path, header_bytes, static_cast<Codec>(codec), *ivf(index)));
}

inline void refinement_free(int64_t handle) {
    delete reinterpret_cast<RefinementStore*>(handle);
}

inline void refinement_vectors(int64_t handle, int64_t list, int64_t from, int64_t count, float* out) {
    refinement(handle).decode(list, from, count, out);
}

// A place in the lists as a number: lists number less than 2^24, and one of them holds less than 2^39 vectors.
inline constexpr int place_bits = 39;

inline int64_t place_of(int64_t list, size_t offset) {
    return list << place_bits | static_cast<int64_t>(offset);
}

inline int64_t list_of(int64_t place) {
    return place >> place_bits;
}

inline int64_t offset_of(int64_t place) {
    return place & ((int64_t(1) << place_bits) - 1);
}

// Searches one shard: its best codes are compared with the store's vectors, whose scores count.
class RefinedSearch {
public:
    // k: hits wanted of a query.
    RefinedSearch(const Shard& shard, const RefinementStore& store, int64_t k, int64_t candidates_per_hit)
            : shard(shard), store(store), finer(store.scorer()),
              count(std::min<int64_t>(k * candidates_per_hit, std::max<int64_t>(shard.index.ntotal, 1))) {}

    // The hits get `number` as their shard.
    void search(
            const float* query,
            const int64_t* lists,
            const float* coarse_scores,
            int64_t nprobe,
            uint32_t number,
            TopHits& hits) {
        Scratch<int64_t, struct RefinedPlaces> room(count);
        int64_t* places = room.data();
        size_t found = best_places(query, lists, coarse_scores, nprobe, places);
        // By place: pages of a file that is not in memory are then read in ascending order, each once.
        std::sort(places, places + found);
        finer->set_query(query);
        constexpr size_t ahead = 4;
        for (size_t i = 0; i < found; i++) {
            if (i + ahead < found) {
                int64_t next = places[i + ahead];
                store.prefetch(list_of(next), offset_of(next));
            }
            int64_t place = places[i];
            float score;
            finer->scores(store.at(list_of(place), offset_of(place)), 1, &score);
            if (score >= hits.threshold()) {
                faiss::InvertedLists::ScopedIds stored(&shard.lists(), list_of(place));
                hits.take(score, id_at(stored.get(), offset_of(place)), number);
            }
        }
    }

private:
    // The places of the best codes, in no order; returns how many.
    size_t best_places(
            const float* query,
            const int64_t* lists,
            const float* coarse_scores,
            int64_t nprobe,
            int64_t* places) const {
        Scratch<Hit, struct CandidatePlaces> room(TopHits::room(count));
        Scratch<float, struct CandidateScores> scores(count);
        TopHits best;
        best.begin(room.data(), count, no_score);
        shard.scorer->set_query(query);
        Visits visits(&shard, 1, lists, coarse_scores, nprobe);
        for (size_t i = 0; i < visits.size(); i++) {
            const Visits::Visit& visit = visits[i];
            faiss::InvertedLists::ScopedIds ids(&shard.lists(), visit.list);
            shard.scorer->set_list(visit.list, visit.coarse_score);
            shard.scan(
                    visit.list,
                    ids.get(),
                    visits.codes(i + 1),
                    [&] { return best.threshold(); },
                    [&](float score, size_t offset) { best.take(score, place_of(visit.list, offset)); });
        }
        best.finish(places, scores.data());
        return std::find(places, places + count, no_id) - places;
    }

    const Shard& shard;
    const RefinementStore& store;
    const std::unique_ptr<Scorer> finer;
    const int64_t count;
};

// As ivf_search_preassigned; bounds are meant for the scores of the store's vectors too.
inline void ivf_search_refined(
        int64_t handle,
        int64_t store_handle,
        int64_t candidates_per_hit,
        const float* queries,
        int64_t n,
        int64_t k,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        int64_t selector,
        const float* bounds,
        int64_t* ids,
        float* scores) {
    Shard shard(*ivf(handle), id_set_of(selector));
    RefinedSearch refined(shard, refinement(store_handle), k, candidates_per_hit);
    Scratch<Hit, struct RefinedHits> room(TopHits::room(k));
    for (int64_t q = 0; q < n; q++) {
        TopHits hits;
        hits.begin(room.data(), k, bounds == nullptr ? no_score : bounds[q]);
        refined.search(
                queries + q * shard.index.d, lists + q * nprobe, coarse_scores + q * nprobe, nprobe, 0, hits);
        hits.finish(ids + q * k, scores + q * k);
    }
}

} // namespace imagesearch
