// The native side of org.imagesearch.faiss: what FaissCalls calls. index.h opens, writes and reads indexes, search.h finds
// centroids and scans lists, id_set.h has sets of ids to keep to, refine.h compares their best hits again, shards.h searches several indexes at once, alike.h finds
// near duplicates, training.h trains centroids; cpu.h says which instructions all of them use.
//
// Every function may throw; JavaCPP turns a std::exception into a Java RuntimeException with the same text. A handle is
// the address of an object that the Java side owns and gives back to its *_free exactly once. Calls that search or add run
// on the calling thread alone: parallelism belongs to the Java side, and Faiss's own threads inside one query gain nothing.
#pragma once

#include <faiss/index_io.h>

#include <cstdint>
#include <string>

#include "alike.h"
#include "cpu.h"
#include "id_set.h"
#include "index.h"
#include "reading.h"
#include "refine.h"
#include "search.h"
#include "shards.h"
#include "nearest.h"
#include "training.h"

namespace imagesearch {

inline std::string faiss_version() {
    return std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." +
            std::to_string(FAISS_VERSION_PATCH);
}

} // namespace imagesearch
