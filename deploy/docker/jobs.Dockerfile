# The Spark jobs, out of the archive that bin/dist packs, for spark.kubernetes.container.image and for their drivers:
#   docker build -f deploy/docker/jobs.Dockerfile --build-arg VERSION=... -t imagesearch-jobs:VERSION FOLDER-OF-THE-ARCHIVE
#
# It is Spark's own image with the programs in it: executors are started by the script that Spark's image has as its entry point, and
# the jars of Spark for Kubernetes are there, which the Spark in the archive has not.
# Executors with GPUs: --target jobs-gpu, and the VERSION of an archive of bin/dist --gpu.
ARG SPARK=apache/spark:3.5.9-scala2.12-java17-ubuntu
ARG CUDA=nvidia/cuda:12.9.1-runtime-ubuntu22.04

FROM ${SPARK} AS archive
ARG VERSION
USER root
ADD imagesearch-${VERSION}.tar.gz /
RUN mv "/imagesearch-${VERSION}" /opt/imagesearch && rm -r /opt/imagesearch/spark /opt/imagesearch/lib/*search-server*

FROM ${SPARK} AS jobs
COPY --from=archive --chown=0:0 /opt/imagesearch /opt/imagesearch
ENV SPARK_HOME=/opt/spark LC_ALL=C.UTF-8
# "spark" in Spark's image.
USER 185

FROM ${CUDA} AS cuda

FROM jobs AS jobs-gpu
COPY --from=cuda --chown=0:0 \
    /usr/local/cuda/lib64/libcublas.so.12 /usr/local/cuda/lib64/libcublasLt.so.12 \
    /usr/local/cuda/lib64/libcudart.so.12 /usr/local/cuda/lib64/libcurand.so.10 /opt/cuda/lib/
ENV LD_LIBRARY_PATH=/opt/cuda/lib

# What is built where no target is named.
FROM jobs
