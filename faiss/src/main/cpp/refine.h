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

#include "code_scorers.h"
#include "codecs.h"
#include "index.h"
#include "scan.h"
#include "search.h"
#include "top_hits.h"

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

    void prefetch(int64_t list, int64_t offset) const {
        for (size_t i = 0; i < bytes; i += cache_line_bytes) {
            __builtin_prefetch(at(list, offset) + i);
        }
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

// The places of the best codes, in no order; returns how many.
inline size_t best_places(
        const faiss::IndexIVF& index,
        Scorer& scorer,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        const faiss::IDSelector* selector,
        int64_t count,
        int64_t* places,
        float* scores) {
    Scratch<Hit, struct CandidatePlaces> room(TopHits::room(count));
    TopHits best;
    best.begin(room.data(), count, no_score);
    for (int64_t probe = 0; probe < nprobe; probe++) {
        int64_t list = lists[probe];
        size_t n = list < 0 ? 0 : index.invlists->list_size(list);
        if (n == 0) {
            continue;
        }
        scorer.set_list(list, coarse_scores[probe]);
        faiss::InvertedLists::ScopedCodes codes(index.invlists, list);
        faiss::InvertedLists::ScopedIds ids(index.invlists, list);
        int64_t next = next_list(*index.invlists, lists, nprobe, probe + 1);
        scorer.set_fetching({codes.get() + n * index.code_size, next < 0 ? nullptr : index.invlists->get_codes(next)});
        scan_codes(
                scorer,
                codes.get(),
                n,
                index.code_size,
                [&] { return best.threshold(); },
                [&](float score, size_t offset) {
                    if (selector == nullptr || selector->is_member(id_at(ids.get(), offset))) {
                        best.take(score, place_of(list, offset));
                    }
                });
    }
    best.finish(places, scores);
    return std::find(places, places + count, no_id) - places;
}

// As ivf_search_preassigned, but the best k * candidates_per_hit codes of each query are compared with the store's vectors, whose
// scores count: bounds too are meant for them.
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
    const faiss::IndexIVF& index = *ivf(handle);
    const RefinementStore& store = refinement(store_handle);
    const auto* kept = reinterpret_cast<const faiss::IDSelector*>(selector);
    int64_t count = std::min<int64_t>(k * candidates_per_hit, std::max<int64_t>(index.ntotal, 1));
    auto scorer = scorer_of(index);
    auto finer = store.scorer();
    Scratch<int64_t, struct RefinedPlaces> places(count);
    Scratch<float, struct RefinedScores> coarse(count);
    Scratch<Hit, struct RefinedHits> room(TopHits::room(k));
    for (int64_t q = 0; q < n; q++) {
        const float* query = queries + q * index.d;
        scorer->set_query(query);
        size_t found = best_places(
                index,
                *scorer,
                lists + q * nprobe,
                coarse_scores + q * nprobe,
                nprobe,
                kept,
                count,
                places.data(),
                coarse.data());
        // By place: pages of a file that is not in memory are then read in ascending order, each once.
        std::sort(places.data(), places.data() + found);
        finer->set_query(query);
        TopHits hits;
        hits.begin(room.data(), k, bounds == nullptr ? no_score : bounds[q]);
        constexpr size_t ahead = 4;
        for (size_t i = 0; i < found; i++) {
            if (i + ahead < found) {
                int64_t next = places.data()[i + ahead];
                store.prefetch(list_of(next), offset_of(next));
            }
            int64_t place = places.data()[i];
            float score;
            finer->scores(store.at(list_of(place), offset_of(place)), 1, &score);
            if (score >= hits.threshold()) {
                faiss::InvertedLists::ScopedIds stored(index.invlists, list_of(place));
                hits.take(score, id_at(stored.get(), offset_of(place)));
            }
        }
        hits.finish(ids + q * k, scores + q * k);
    }
}

} // namespace imagesearch
