"""Builds an IVFFlat index of the rows of an .npy file, as bin/merge does: reads, trains, adds, writes. Uses every processor.

merge.py VECTORS INDEX NLIST ITERATIONS POINTS_PER_CENTROID SEED     each line of input is one build, answered with its seconds
"""

import json
import sys
import time

import faiss
import numpy as np


def build(vector_file, index_file, nlist, iterations, points_per_centroid, seed):
    marks = [time.perf_counter()]
    vectors = np.load(vector_file)
    marks.append(time.perf_counter())
    dimension = vectors.shape[1]
    quantizer = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFFlat(quantizer, dimension, nlist, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = iterations
    index.cp.spherical = True
    index.cp.seed = seed
    index.cp.max_points_per_centroid = points_per_centroid
    # Every vector is offered, and Faiss draws those that it trains on: what a user would write.
    index.train(vectors)
    marks.append(time.perf_counter())
    index.add_with_ids(vectors, np.arange(len(vectors), dtype=np.int64))
    faiss.write_index(index, index_file)
    marks.append(time.perf_counter())
    read, train, add = np.diff(marks).tolist()
    return {"read": read, "train": train, "add": add, "count": index.ntotal, "version": faiss.__version__}


def main():
    vector_file, index_file = sys.argv[1:3]
    sizes = list(map(int, sys.argv[3:]))
    for _ in sys.stdin:
        print(json.dumps(build(vector_file, index_file, *sizes)), flush=True)


if __name__ == "__main__":
    main()
