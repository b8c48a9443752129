"""Searches an index file one query at a time on one thread; each line of input, an nprobe, is one timed round.

scan.py INDEX QUERIES DIMENSION K IDS SCORES     writes what it found to IDS (int64) and SCORES (float32), answers in JSON
"""

import json
import sys
import time

import faiss
import numpy as np


def main():
    index_file, query_file, dimension, k, id_file, score_file = sys.argv[1:]
    faiss.omp_set_num_threads(1)
    index = faiss.read_index(index_file)
    queries = np.fromfile(query_file, np.float32).reshape(-1, 1, int(dimension))
    for line in sys.stdin:
        index.nprobe = int(line)
        found = []
        begin = time.perf_counter()
        for query in queries:
            found.append(index.search(query, int(k)))
        seconds = time.perf_counter() - begin
        np.concatenate([ids for _, ids in found]).tofile(id_file)
        np.concatenate([scores for scores, _ in found]).tofile(score_file)
        print(json.dumps({"seconds": seconds, "version": faiss.__version__}), flush=True)


if __name__ == "__main__":
    main()
