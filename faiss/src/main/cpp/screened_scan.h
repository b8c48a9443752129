// Scans of screened lists: step by step, what the step before could not rule out.
#pragma once

#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fetching.h"
#include "kernels.h"
#include "scan.h"
#include "screen.h"
#include "screen_query.h"
#include "top_hits.h"

namespace imagesearch {

// The vectors of a list, and what its hits are called. They must stay where they are until the hits are finished.
struct ListedRows {
    const uint8_t* codes;
    size_t code_size;
    const int64_t* ids;
    // Whether a vector stands at its id, not at its place in the list.
    bool at_ids;
    // Null if all ids count.
    const faiss::IDSelector* selector;
    uint32_t shard;

    const uint8_t* row(size_t place) const {
        return codes + (at_ids ? static_cast<size_t>(id(place)) : place) * code_size;
    }

    int64_t id(size_t place) const {
        return id_at(ids, place);
    }
};

// With fewer rows, sketches cost a query more than they spare.
inline constexpr size_t least_sketched = 5000;

// A list of a scan.
struct ListToScreen {
    ScreenedList screened;
    ListedRows listed;
};

// What may be among the k best of a query, while screened lists go by. The k-th lower bound so far is what an upper bound must reach.
class ScreenedHits {
public:
    struct Candidate {
        float upper;
        uint32_t place;
        const ListedRows* rows;
    };

    static size_t candidate_room(size_t k) {
        return 4 * k + 1024;
    }

    ScreenedHits(const Scorer& scorer, size_t dimension, TopHits& hits, TopHits& lower, Candidate* candidates, size_t room)
            : scorer(scorer), row_bytes(dimension * sizeof(float)), hits(hits), lower(lower), candidates(candidates),
              room(room) {}

    // What an upper bound must reach.
    float threshold() const {
        return std::max(hits.threshold(), lower.threshold());
    }

    // Few are left in the end: ids are not read before, unless there is a selector.
    void take(float lower_bound, float upper_bound, const ListedRows& rows, size_t place) {
        if (rows.selector != nullptr && !rows.selector->is_member(rows.id(place))) {
            return;
        }
        lower.take(lower_bound, no_id);
        candidates[size++] = {upper_bound, static_cast<uint32_t>(place), &rows};
        if (size == room) {
            drop();
            if (size > room / 2) {
                score();
            }
        }
    }

    // Scores exactly what is left; hits has the result.
    void finish() {
        lower.settle();
        drop();
        score();
    }

private:
    void drop() {
        float least = threshold();
        Candidate* end = std::remove_if(
                candidates, candidates + size, [least](const Candidate& c) { return c.upper < least; });
        size = static_cast<size_t>(end - candidates);
    }

    void score() {
        // Rows lie anywhere: each is fetched while those before it are scored.
        constexpr size_t rows_ahead = 4;
        for (size_t i = 0; i < size + rows_ahead; i++) {
            if (i < size) {
                fetch(candidates[i].rows->row(candidates[i].place), row_bytes);
                fetch(candidates[i].rows->ids + candidates[i].place, 1);
            }
            if (i >= rows_ahead) {
                const Candidate& candidate = candidates[i - rows_ahead];
                float score;
                scorer.scores(candidate.rows->row(candidate.place), 1, &score);
                hits.take(score, candidate.rows->id(candidate.place), candidate.rows->shard);
            }
        }
        size = 0;
    }

    const Scorer& scorer;
    const size_t row_bytes;
    TopHits& hits;
    TopHits& lower;
    Candidate* const candidates;
    const size_t room;
    size_t size = 0;
};

// One query's way through screened lists. Rows that a step does not rule out wait until what the next step reads of them has come from
// memory, while lists go on being scanned. Lists, query and hits must stay where they are until finish().
class ScreenedScan {
public:
    ScreenedScan(const ScreenQuery& query, ScreenedHits& hits) : query(query), hits(hits) {}

    // `next` is scanned after it, null for none.
    void scan(const ListToScreen& list, const ScreenedRows* next) {
        const ScreenedRows& rows = *list.screened.rows;
        if (next != nullptr) {
            fetch_numbers(*next);
        }
        auto at_least = kernels().at_least;
        alignas(cache_line_bytes) float upper[block_codes];
        alignas(cache_line_bytes) float products[block_codes];
        uint32_t places[block_codes + Kernels::spare_places];
        for (size_t begin = 0; begin < rows.n; begin += block_codes) {
            size_t count = std::min(block_codes, rows.n - begin);
            if (query.with_sketches()) {
                query.bound_sketches(list.screened, next, begin, count, upper);
            } else {
                query.bound_high(list.screened, next, begin, count, products, upper);
            }
            size_t kept = at_least(upper, count, hits.threshold(), places);
            for (size_t i = 0; i < kept; i++) {
                auto place = static_cast<uint32_t>(begin + places[i]);
                if (query.with_sketches()) {
                    wait_for_high_half({&list, place, 0});
                } else {
                    wait_for_low_half({&list, place, products[places[i]]});
                }
            }
        }
    }

    void finish() {
        while (!sketched.empty()) {
            look_at_high_halves();
        }
        while (!halved.empty()) {
            look_at_low_halves();
        }
        hits.finish();
    }

private:
    // Rows looked at together.
    static constexpr size_t group = 8;

    struct Row {
        const ListToScreen* list;
        uint32_t place;
        float high_product;
    };

    // Rows in the order in which they came.
    class Waiting {
    public:
        void add(const Row& row) {
            rows[(first + count++) % most] = row;
        }

        bool full() const {
            return count == most;
        }

        bool empty() const {
            return count == 0;
        }

        // Takes the first ones, and returns how many.
        size_t take(Row* out) {
            size_t taken = std::min(group, count);
            for (size_t i = 0; i < taken; i++) {
                out[i] = rows[(first + i) % most];
            }
            first = (first + taken) % most;
            count -= taken;
            return taken;
        }

    private:
        static constexpr size_t most = 4 * group;

        Row rows[most];
        size_t first = 0;
        size_t count = 0;
    };

    // Fetches what is kept of the first rows of a list.
    [[gnu::always_inline]] void fetch_numbers(const ScreenedRows& rows) const {
        size_t first = std::min(rows.n, block_codes);
        if (!query.with_sketches()) {
            fetch(rows.numbers, first * sizeof(CodeNumbers));
            return;
        }
        fetch(rows.scales, first * sizeof(float));
        fetch(rows.along, first * sizeof(float));
        fetch(rows.lost, first * sizeof(float));
        fetch(rows.rest, first * sizeof(float));
    }

    void wait_for_high_half(const Row& row) {
        query.fetch_high(*row.list->screened.rows, row.place);
        sketched.add(row);
        if (sketched.full()) {
            look_at_high_halves();
        }
    }

    void wait_for_low_half(const Row& row) {
        query.fetch_low(*row.list->screened.rows, row.place);
        halved.add(row);
        if (halved.full()) {
            look_at_low_halves();
        }
    }

    // Takes some rows and the products with halves of theirs; returns how many.
    template <typename HalfOf>
    size_t products(Waiting& waiting, HalfOf half_of, Row* rows, float* out) {
        const uint8_t* halves[group];
        size_t count = waiting.take(rows);
        for (size_t i = 0; i < count; i++) {
            halves[i] = half_of(*rows[i].list->screened.rows, rows[i].place);
        }
        kernels().products_of_chosen(query.numbers(), halves, count, query.bytes_of_half(), out);
        return count;
    }

    void look_at_high_halves() {
        Row some[group];
        float of_high[group];
        auto high = [&](const ScreenedRows& rows, size_t place) { return query.high(rows, place); };
        size_t count = products(sketched, high, some, of_high);
        for (size_t i = 0; i < count; i++) {
            Row& row = some[i];
            if (query.upper_of_high(row.list->screened, row.place, of_high[i]) >= hits.threshold()) {
                row.high_product = of_high[i];
                wait_for_low_half(row);
            }
        }
    }

    void look_at_low_halves() {
        Row some[group];
        float of_low[group];
        auto low = [&](const ScreenedRows& rows, size_t place) { return query.low(rows, place); };
        size_t count = products(halved, low, some, of_low);
        for (size_t i = 0; i < count; i++) {
            const Row& row = some[i];
            float lower;
            float upper;
            query.bounds_of_code(row.list->screened, row.place, row.high_product, of_low[i], lower, upper);
            if (upper >= hits.threshold()) {
                hits.take(lower, upper, row.list->listed, row.place);
            }
        }
    }

    const ScreenQuery& query;
    ScreenedHits& hits;
    Waiting sketched;
    Waiting halved;
};

} // namespace imagesearch
