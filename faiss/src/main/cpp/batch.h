// Many queries at once: what several of them want is read from memory once, and scored four queries by four rows at a time.
// Results are those of one query at a time, to the last bit.
#pragma once

#include <faiss/invlists/InvertedLists.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels.h"
#include "scan.h"
#include "top_hits.h"

namespace imagesearch {

// With fewer queries, lists are seldom shared.
inline constexpr size_t least_batch = 4;

// As many queries as share a pass: their vectors should stay in the second cache, and their hits within a bound.
inline size_t queries_at_once(size_t k) {
    constexpr size_t most_queries = 256;
    constexpr size_t most_hit_bytes = 8 << 20;
    return std::clamp<size_t>(most_hit_bytes / (TopHits::room(k) * sizeof(Hit)), 1, most_queries);
}

class QueryBatch {
public:
    // bounds: float[n] or null.
    QueryBatch(
            const float* queries,
            size_t n,
            size_t dimension,
            size_t k,
            const float* bounds,
            const faiss::IDSelector* selector)
            : queries(queries), n(n), dimension(dimension), k(k), selector(selector), kernel(kernels()),
              room(n * TopHits::room(k)), hits(n), all(n) {
        for (size_t q = 0; q < n; q++) {
            hits.data()[q].begin(room.data() + q * TopHits::room(k), k, bounds == nullptr ? no_score : bounds[q]);
            all.data()[q] = static_cast<uint32_t>(q);
        }
    }

    // The numbers of all queries.
    const uint32_t* everyone() {
        return all.data();
    }

    // Scores rows with the queries that want them, given by their numbers.
    template <typename IdOf>
    void scan(const uint32_t* wanted_by, size_t count, const uint8_t* rows, size_t row_count, IdOf id_of) {
        size_t row_bytes = dimension * sizeof(float);
        for (size_t begin = 0; begin < row_count; begin += block_rows) {
            size_t block = std::min(block_rows, row_count - begin);
            scan_block(wanted_by, count, rows + begin * row_bytes, block, [&](size_t place) {
                return id_of(begin + place);
            });
        }
    }

    void finish(int64_t* ids, float* scores) {
        for (size_t q = 0; q < n; q++) {
            hits.data()[q].finish(ids + q * k, scores + q * k);
        }
    }

private:
    // Rows that stay in the second cache while query after query is scored with them.
    static constexpr size_t block_rows = 64;
    static constexpr size_t tile = Kernels::tile_queries;

    template <typename IdOf>
    void scan_block(const uint32_t* wanted_by, size_t count, const uint8_t* rows, size_t row_count, IdOf id_of) {
        alignas(cache_line_bytes) float scores[tile * block_rows];
        for (size_t first = 0; first < count; first += tile) {
            size_t together = std::min(tile, count - first);
            if (together == 1) {
                kernel.products_of_one(query(wanted_by[first]), rows, row_count, dimension, Fetching(), scores);
            } else {
                const float* some[tile];
                for (size_t i = 0; i < tile; i++) {
                    // A short tile is filled up with its last query.
                    some[i] = query(wanted_by[first + std::min(i, together - 1)]);
                }
                kernel.products_of_four(some, rows, row_count, dimension, first == 0, scores, block_rows);
            }
            for (size_t i = 0; i < together; i++) {
                take(hits.data()[wanted_by[first + i]], scores + i * block_rows, row_count, id_of);
            }
        }
    }

    template <typename IdOf>
    void take(TopHits& top, const float* scores, size_t row_count, IdOf id_of) {
        uint32_t places[block_rows + Kernels::spare_places];
        size_t kept = kernel.at_least(scores, row_count, top.threshold(), places);
        Candidates candidates{&top, selector};
        for (size_t i = 0; i < kept; i++) {
            candidates.take(scores[places[i]], id_of(places[i]));
        }
    }

    const float* query(size_t q) const {
        return queries + q * dimension;
    }

    const float* const queries;
    const size_t n;
    const size_t dimension;
    const size_t k;
    const faiss::IDSelector* const selector;
    const Kernels& kernel;
    Scratch<Hit, struct BatchHits> room;
    Scratch<TopHits, struct BatchTops> hits;
    Scratch<uint32_t, struct BatchNumbers> all;
};

// Which queries want which list.
class WantedLists {
public:
    // lists: long[n * nprobe], negative ones are wanted by nobody.
    WantedLists(const int64_t* lists, size_t n, size_t nprobe) : places(n * nprobe), lists(lists), nprobe(nprobe) {
        for (size_t i = 0; i < n * nprobe; i++) {
            if (lists[i] >= 0) {
                places.data()[count++] = static_cast<uint32_t>(i);
            }
        }
        std::sort(places.data(), places.data() + count, [lists](uint32_t a, uint32_t b) {
            return lists[a] < lists[b] || (lists[a] == lists[b] && a < b);
        });
    }

    // Calls visit(list, queries, how many of them), list by list.
    template <typename Visit>
    void each(Visit visit) {
        uint32_t* at = places.data();
        for (size_t begin = 0; begin < count;) {
            int64_t list = lists[at[begin]];
            size_t end = begin;
            size_t wanting = 0;
            for (; end < count && lists[at[end]] == list; end++) {
                uint32_t query = at[end] / static_cast<uint32_t>(nprobe);
                // A list that a query names twice is scanned once for it.
                if (wanting == 0 || at[begin + wanting - 1] != query) {
                    at[begin + wanting++] = query;
                }
            }
            visit(list, at + begin, wanting);
            begin = end;
        }
    }

private:
    Scratch<uint32_t, struct WantedPlaces> places;
    const int64_t* const lists;
    const size_t nprobe;
    size_t count = 0;
};

} // namespace imagesearch
