# The server, out of the archive that bin/dist packs:
#   docker build -f deploy/docker/server.Dockerfile --build-arg VERSION=... -t imagesearch-server:VERSION FOLDER-OF-THE-ARCHIVE
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS archive
ARG VERSION
ADD imagesearch-${VERSION}.tar.gz /
# The jobs and their Spark are in another image.
RUN mv "/imagesearch-${VERSION}" /opt/imagesearch \
    && rm -r /opt/imagesearch/spark /opt/imagesearch/models /opt/imagesearch/lib/*spark-embed* /opt/imagesearch/lib/*index-merge* \
    && cd /opt/imagesearch/bin && rm embed export import-embeddings import-model merge query

FROM ${BASE} AS server
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/imagesearch --create-home imagesearch
COPY --from=archive /opt/imagesearch /opt/imagesearch
# Else Java opens no file whose name is not plain ASCII.
ENV LC_ALL=C.UTF-8
USER 10001:10001
# Written to: /tmp and /var/lib/imagesearch, where native libraries are unpacked; and the folder of the index, when pictures are taken down.
WORKDIR /var/lib/imagesearch
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["/opt/imagesearch/bin/serve"]
CMD ["--index", "/data/index", "--model", "/data/model", "--host", "0.0.0.0", "--port", "8080"]
