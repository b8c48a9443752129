// The k best hits of a query while lists go by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace imagesearch {

// No hit: what fills the places that no vector took, and what no score is below.
inline constexpr int64_t no_id = -1;
inline constexpr float no_score = std::numeric_limits<float>::lowest();

struct Hit {
    float score;
    // Which of the indexes that are searched as one.
    uint32_t shard;
    int64_t id;
};

// A total order, so that what is found does not depend on the order in which lists are scanned.
inline bool better(const Hit& a, const Hit& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// Hits are put behind each other, and from time to time all but the k best are dropped: a few steps per hit at any k, where a
// heap takes log k. The threshold lags behind the k-th score by at most `slack` hits.
class TopHits {
public:
    // Room that begin() needs behind its argument.
    static size_t room(size_t k) {
        return k + (k < least_slack ? least_slack : k);
    }

    // Hits below the bound are of no use. `hits` has room(k) places.
    void begin(Hit* hits, size_t k, float bound) {
        this->hits = hits;
        this->k = k;
        this->size = 0;
        // Not a number is no bound; so is minus infinity, which no hit may have.
        this->least = bound > no_score ? bound : no_score;
    }

    // What a score must at least be.
    float threshold() const {
        return least;
    }

    void take(float score, int64_t id, uint32_t shard = 0) {
        if (!(score >= least)) {
            return;
        }
        hits[size++] = {score, shard, id};
        if (size == room(k)) {
            drop();
        }
    }

    // Brings the threshold up to the k-th score.
    void settle() {
        drop();
    }

    // Writes the hits, best first. Without `shards`, where they are from is not told.
    void finish(int64_t* ids, float* scores, int32_t* shards = nullptr) {
        drop();
        std::sort(hits, hits + size, better);
        for (size_t i = 0; i < k; i++) {
            ids[i] = i < size ? hits[i].id : no_id;
            scores[i] = i < size ? hits[i].score : no_score;
            if (shards != nullptr) {
                shards[i] = i < size ? static_cast<int32_t>(hits[i].shard) : -1;
            }
        }
    }

private:
    static constexpr size_t least_slack = 32;

    void drop() {
        if (size > k) {
            std::nth_element(hits, hits + (k - 1), hits + size, better);
            size = k;
        }
        if (size == k) {
            least = std::max(least, std::max_element(hits, hits + k, better)->score);
        }
    }

    Hit* hits = nullptr;
    size_t k = 0;
    size_t size = 0;
    float least = no_score;
};

// Memory of the calling thread that is used again by its next search, unless it has become large. One at a time per use.
template <typename T, typename Use>
class Scratch {
public:
    explicit Scratch(size_t n) : memory(kept()) {
        if (memory.size() < n) {
            memory.resize(n);
        }
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    ~Scratch() {
        if (memory.size() * sizeof(T) > kept_bytes) {
            std::vector<T>().swap(memory);
        }
    }

    T* data() {
        return memory.data();
    }

private:
    static constexpr size_t kept_bytes = 1 << 20;

    static std::vector<T>& kept() {
        thread_local std::vector<T> memory;
        return memory;
    }

    std::vector<T>& memory;
};

} // namespace imagesearch
