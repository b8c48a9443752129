// A screen of centroids, see screen.h. They lie far apart: so that bounds are close, near ones share a base, as vectors in a list do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "basis.h"
#include "kernels.h"
#include "large_pages.h"
#include "scan.h"
#include "screen.h"
#include "screened_scan.h"
#include "scorer.h"
#include "top_hits.h"

namespace imagesearch {

class CentroidScreen {
public:
    // Centroids are float[n * dimension] and stay where they are.
    CentroidScreen(const float* centroids, size_t n, size_t dimension)
            : centroids(centroids), n(n), dimension(dimension),
              groups(static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(n))))), bases(groups * dimension),
              basis(n < least_with_sketches ? nullptr : Basis::of(centroids, n, dimension)) {
        std::vector<size_t> starts = group();
        size_t bytes = 0;
        for (size_t g = 0; g < groups; g++) {
            bytes += screen_bytes(starts[g + 1] - starts[g], dimension, basis != nullptr);
        }
        memory = std::make_unique<LargePages>(bytes);
        size_t at = 0;
        std::vector<float> rows;
        for (size_t g = 0; g < groups; g++) {
            size_t count = starts[g + 1] - starts[g];
            rows.resize(count * dimension);
            for (size_t i = 0; i < count; i++) {
                std::copy_n(row(members[starts[g] + i]), dimension, &rows[i * dimension]);
            }
            screened.push_back(RowScreener(&bases[g * dimension], dimension, basis.get())
                                       .screen(reinterpret_cast<const uint8_t*>(rows.data()), count, memory->data() + at));
            listed.push_back({reinterpret_cast<const uint8_t*>(centroids),
                              dimension * sizeof(float),
                              members.data() + starts[g],
                              true,
                              nullptr,
                              0});
            at += screen_bytes(count, dimension, basis != nullptr);
        }
    }

    CentroidScreen(const CentroidScreen&) = delete;
    CentroidScreen& operator=(const CentroidScreen&) = delete;

    // The k best go to hits, which has no bound. False if there are no bounds for this query.
    bool search(const float* query, size_t k, const FlatScorer& scorer, TopHits& hits) const {
        Scratch<int8_t, struct CoarseWhole> whole(ScreenQuery::room(dimension));
        ScreenQuery bounded(query, dimension, basis.get(), whole.data());
        Scratch<float, struct CoarseBases> scores(groups);
        scorer.scores(reinterpret_cast<const uint8_t*>(bases.data()), groups, scores.data());
        bool comparable = std::all_of(scores.data(), scores.data() + groups, [](float x) { return std::isfinite(x); });
        if (!bounded.usable() || !comparable) {
            return false;
        }
        Scratch<uint32_t, struct CoarseOrder> order(groups);
        std::iota(order.data(), order.data() + groups, 0u);
        std::sort(order.data(), order.data() + groups, [&](uint32_t a, uint32_t b) {
            return scores.data()[a] > scores.data()[b];
        });
        Scratch<Hit, struct CoarseLower> room(TopHits::room(k));
        TopHits lower;
        lower.begin(room.data(), k, no_score);
        size_t candidates = ScreenedHits::candidate_room(k);
        Scratch<ScreenedHits::Candidate, struct CoarseCandidates> some(candidates);
        ScreenedHits found(scorer, dimension, hits, lower, some.data(), candidates);
        ScreenedScan scan(bounded, found);
        Scratch<ListToScreen, struct CoarseLists> lists(groups);
        for (size_t i = 0; i < groups; i++) {
            uint32_t g = order.data()[i];
            lists.data()[i] = {bounded.list(screened[g], scores.data()[g]), listed[g]};
            scan.scan(lists.data()[i], i + 1 < groups ? &screened[order.data()[i + 1]] : nullptr);
        }
        scan.finish();
        return true;
    }

private:
    // Of fewer, sketches cost a query more than they spare.
    static constexpr size_t least_with_sketches = 16384;

    static constexpr int rounds = 4;
    // Centroids of a group that bases are made of, at most.
    static constexpr size_t most_sampled = 16;

    const float* row(size_t i) const {
        return centroids + i * dimension;
    }

    // The base that a centroid is nearest to.
    size_t nearest(size_t i, const std::vector<float>& half_squares, std::vector<float>& scores) const {
        kernels().products_of_one(
                row(i), reinterpret_cast<const uint8_t*>(bases.data()), groups, dimension, Fetching(), scores.data());
        size_t best = 0;
        for (size_t g = 1; g < groups; g++) {
            // A comparison with what is no number is false.
            if (scores[g] - half_squares[g] > scores[best] - half_squares[best]) {
                best = g;
            }
        }
        return best;
    }

    std::vector<float> half_squares() const {
        std::vector<float> out(groups);
        for (size_t i = 0; i < bases.size(); i++) {
            out[i / dimension] += bases[i] * bases[i] / 2;
        }
        return out;
    }

    // Makes bases by k-means on some of the centroids, and members group by group; returns where each group begins, and the last ends.
    std::vector<size_t> group() {
        for (size_t g = 0; g < groups; g++) {
            std::copy_n(row(g * n / groups), dimension, &bases[g * dimension]);
        }
        size_t step = std::max<size_t>(1, n / (groups * most_sampled));
        std::vector<float> scores(groups);
        for (int round = 0; round < rounds; round++) {
            std::vector<float> halves = half_squares();
            std::vector<double> sums(bases.size());
            std::vector<size_t> counts(groups);
            for (size_t i = 0; i < n; i += step) {
                size_t g = nearest(i, halves, scores);
                counts[g]++;
                for (size_t j = 0; j < dimension; j++) {
                    sums[g * dimension + j] += row(i)[j];
                }
            }
            for (size_t i = 0; i < bases.size(); i++) {
                auto mean = static_cast<float>(sums[i] / static_cast<double>(counts[i / dimension]));
                bases[i] = std::isfinite(mean) ? mean : bases[i];
            }
        }
        std::vector<float> halves = half_squares();
        std::vector<size_t> of(n);
        std::vector<size_t> starts(groups + 1);
        for (size_t i = 0; i < n; i++) {
            of[i] = nearest(i, halves, scores);
            starts[of[i] + 1]++;
        }
        std::partial_sum(starts.begin(), starts.end(), starts.begin());
        std::vector<size_t> next(starts.begin(), starts.end() - 1);
        members.resize(n);
        for (size_t i = 0; i < n; i++) {
            members[next[of[i]]++] = static_cast<int64_t>(i);
        }
        return starts;
    }

    const float* const centroids;
    const size_t n;
    const size_t dimension;
    const size_t groups;
    std::vector<float> bases;
    const std::shared_ptr<const Basis> basis;
    std::vector<int64_t> members;
    std::unique_ptr<LargePages> memory;
    std::vector<ScreenedRows> screened;
    std::vector<ListedRows> listed;
};

} // namespace imagesearch
