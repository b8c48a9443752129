"""Trains centroids and finds nearest ones with Faiss; answers each line of input with a line of JSON.

train.py VECTORS DIMENSION CENTROIDS LISTS SCORES
    train NLIST ITERATIONS SEED     spherical k-means on all of the vectors; writes the centroids to CENTROIDS (float32)
    assign COUNT                    the nearest of those in the file CENTROIDS for the first COUNT vectors; writes LISTS (int64), SCORES (float32)
    objective FILE                  the mean inner product of the vectors with the nearest of the centroids in FILE, by brute force

Threads are those of OMP_NUM_THREADS.
"""

import json
import sys
import time

import faiss
import numpy as np


def train(vectors, nlist, iterations, seed, centroid_file):
    clustering = faiss.Clustering(vectors.shape[1], nlist)
    clustering.niter = iterations
    clustering.seed = seed
    clustering.spherical = True
    clustering.min_points_per_centroid = 1
    clustering.max_points_per_centroid = len(vectors)  # takes all of them, as the other side does
    begin = time.perf_counter()
    clustering.train(vectors, faiss.IndexFlatIP(vectors.shape[1]))
    seconds = time.perf_counter() - begin
    faiss.vector_float_to_array(clustering.centroids).tofile(centroid_file)
    return {"seconds": seconds}


def assign(vectors, centroids, list_file, score_file):
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(centroids)
    begin = time.perf_counter()
    scores, lists = index.search(vectors, 1)
    seconds = time.perf_counter() - begin
    lists.tofile(list_file)
    scores.tofile(score_file)
    return {"seconds": seconds}


def objective(vectors, centroids):
    total = 0.0
    for begin in range(0, len(vectors), 4096):
        block = vectors[begin : begin + 4096]
        nearest = (block @ centroids.T).argmax(axis=1)
        total += np.einsum("ij,ij->", block.astype(np.float64), centroids[nearest].astype(np.float64))
    return {"objective": total / len(vectors)}


def main():
    vector_file, dimension, centroid_file, list_file, score_file = sys.argv[1:]

    def read(file):
        return np.fromfile(file, np.float32).reshape(-1, int(dimension))

    vectors = read(vector_file)
    for line in sys.stdin:
        name, *arguments = line.split()
        if name == "train":
            nlist, iterations, seed = map(int, arguments)
            answer = train(vectors, nlist, iterations, seed, centroid_file)
        elif name == "assign":
            answer = assign(vectors[: int(arguments[0])], read(centroid_file), list_file, score_file)
        else:
            answer = objective(vectors, read(arguments[0]))
        print(json.dumps({**answer, "version": faiss.__version__}), flush=True)


if __name__ == "__main__":
    main()
