// Sets of ids that a search is limited to, or that it leaves out.
#pragma once

#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace imagesearch {

// Ids of a mapped file stand at odd addresses.
inline int64_t id_at(const int64_t* ids, size_t place) {
    int64_t id;
    std::memcpy(&id, ids + place, sizeof(id));
    return id;
}

struct IdSet : faiss::IDSelector {
    // Writes first + i for those of n ids as lists store them that are let through, and returns how many. `places` has room for n.
    virtual size_t choose(const int64_t* ids, size_t n, uint32_t first, uint32_t* places) const = 0;

    // How many of so many different ids it lets through, if all that it names are among them.
    virtual size_t let_through(size_t of) const = 0;

    virtual size_t bytes() const = 0;
};

// A bit for every id from the first to the last: for ids that stand close together.
class IdBits {
public:
    IdBits(const int64_t* ids, size_t n, int64_t first, uint64_t range)
            : first(first), range(range), words(range / 64 + 1) {
        for (size_t i = 0; i < n; i++) {
            uint64_t at = static_cast<uint64_t>(ids[i]) - first;
            words[at / 64] |= uint64_t(1) << at % 64;
        }
    }

    bool has(int64_t id) const {
        // There is a bit behind the last one, which is never set.
        uint64_t at = std::min(static_cast<uint64_t>(id) - first, range);
        return words[at / 64] >> at % 64 & 1;
    }

    size_t bytes() const {
        return words.size() * sizeof(uint64_t);
    }

private:
    const uint64_t first;
    const uint64_t range;
    std::vector<uint64_t> words;
};

// Places by hash, half of them or more empty: for ids that stand anywhere.
class IdTable {
public:
    static size_t room(size_t n) {
        size_t room = 4;
        while (room < 2 * n) {
            room *= 2;
        }
        return room;
    }

    IdTable(const int64_t* ids, size_t n) : mask(room(n) - 1), shift(__builtin_clzll(mask)), places(mask + 1, empty) {
        for (size_t i = 0; i < n; i++) {
            size_t at = begin(ids[i]);
            while (places[at] != empty && places[at] != ids[i]) {
                at = (at + 1) & mask;
            }
            places[at] = ids[i];
        }
    }

    bool has(int64_t id) const {
        for (size_t at = begin(id); places[at] != empty; at = (at + 1) & mask) {
            if (places[at] == id) {
                return true;
            }
        }
        return false;
    }

    size_t bytes() const {
        return places.size() * sizeof(int64_t);
    }

private:
    // No id is negative.
    static constexpr int64_t empty = -1;

    // Multiplied by 2^64 over the golden ratio, ids that follow each other spread over all places.
    size_t begin(int64_t id) const {
        return static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15u >> shift;
    }

    const size_t mask;
    const int shift;
    std::vector<int64_t> places;
};

// Ids of a kind of set, or all others.
template <typename Ids>
class IdSetOf final : public IdSet {
public:
    IdSetOf(Ids ids, size_t n, bool others) : ids(std::move(ids)), n(n), others(others) {}

    bool is_member(int64_t id) const override {
        return ids.has(id) != others;
    }

    size_t choose(const int64_t* stored, size_t count, uint32_t first, uint32_t* places) const override {
        size_t chosen = 0;
        for (size_t i = 0; i < count; i++) {
            places[chosen] = first + static_cast<uint32_t>(i);
            chosen += ids.has(id_at(stored, i)) != others;
        }
        return chosen;
    }

    size_t let_through(size_t of) const override {
        return others ? of - std::min(n, of) : std::min(n, of);
    }

    size_t bytes() const override {
        return ids.bytes();
    }

private:
    const Ids ids;
    const size_t n;
    const bool others;
};

// Bits that fit into the second cache are as fast as any.
inline constexpr uint64_t few_bits = 1 << 20;

// At least one id, none negative; `others`: all but these are let through. Bits are never larger than the table would be, unless they
// are few.
inline int64_t id_set(const int64_t* ids, int64_t n, bool others) {
    auto [least, most] = std::minmax_element(ids, ids + n);
    uint64_t range = static_cast<uint64_t>(*most) - *least + 1;
    std::unique_ptr<IdSet> set;
    if (range <= std::max(few_bits, IdTable::room(n) * 64)) {
        set = std::make_unique<IdSetOf<IdBits>>(IdBits(ids, n, *least, range), n, others);
    } else {
        set = std::make_unique<IdSetOf<IdTable>>(IdTable(ids, n), n, others);
    }
    return reinterpret_cast<int64_t>(set.release());
}

// Null for the handle 0.
inline const IdSet* id_set_of(int64_t handle) {
    return reinterpret_cast<const IdSet*>(handle);
}

inline int64_t id_set_bytes(int64_t handle) {
    return static_cast<int64_t>(id_set_of(handle)->bytes());
}

inline void id_set_free(int64_t handle) {
    delete reinterpret_cast<IdSet*>(handle);
}

} // namespace imagesearch
