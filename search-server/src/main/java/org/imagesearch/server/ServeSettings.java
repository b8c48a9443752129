package org.imagesearch.server;

import org.imagesearch.clip.Device;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.access.AccessSettings;
import org.imagesearch.server.http.AdminSettings;
import org.imagesearch.server.http.HttpSettings;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.nodes.NodeSettings;
import org.imagesearch.server.pictures.PictureSettings;
import org.imagesearch.server.search.SearchSettings;
import org.imagesearch.server.tls.ClientAuth;

/**
 * Settings of the server, {@code serve.conf}.
 *
 * @param http connections and requests
 * @param access who may ask, and how often
 * @param admin who may change what is served
 * @param search limits of a search
 * @param index how the index is opened and followed
 * @param nodes shards on other machines
 * @param model how the model runs
 * @param picture limits of pictures
 */
record ServeSettings(
        HttpSettings http,
        AccessSettings access,
        AdminSettings admin,
        SearchSettings search,
        IndexSettings index,
        NodeSettings nodes,
        Model model,
        PictureSettings picture) {
    /** @throws ImageSearchException (input) naming the setting that does not go with those of another section */
    ServeSettings {
        if (nodes.acceptCertificates() && http.tls().clientAuth() == ClientAuth.NONE) {
            throw ImageSearchException.input(
                    "setting serve.nodes.accept-certificates is true, expected false where serve.http.tls.client-auth is"
                            + " none: nobody is asked for one");
        }
    }

    /**
     * @param device what the model runs on
     * @param threads of one run on the CPU; 0 takes every processor
     * @param batch texts, or pictures, that one run encodes at most
     * @param queue texts, and pictures, that wait for a run at most; beyond it requests are refused with 503
     * @param gpuMemory the most that ONNX Runtime's arena may take of a GPU, for each of the two models
     */
    record Model(Device device, int threads, int batch, int queue, Bytes gpuMemory) {
        /** @throws ImageSearchException (input) naming the setting that is out of range */
        Model {
            if (threads < 0 || threads > 1024) {
                throw ImageSearchException.input("setting serve.model.threads is %d, expected 0 to 1024", threads);
            }
            if (batch < 1 || batch > 64) {
                throw ImageSearchException.input("setting serve.model.batch is %d, expected 1 to 64", batch);
            }
            if (queue < 1 || queue > 100_000) {
                throw ImageSearchException.input("setting serve.model.queue is %d, expected 1 to 100000", queue);
            }
            if (gpuMemory.count() < 64L << 20) {
                throw ImageSearchException.input(
                        "setting serve.model.gpu-memory is %d, expected at least 64 MiB", gpuMemory.count());
            }
        }

        EncoderSettings encoder() {
            int processors = Runtime.getRuntime().availableProcessors();
            return new EncoderSettings(device, 0, gpuMemory.count(), threads == 0 ? processors : threads, batch);
        }
    }
}
