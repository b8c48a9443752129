package org.imagesearch.clip.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An ONNX model in a session of its own.
 *
 * <p>{@link #run} is thread-safe. ONNX Runtime crashes the process when a session is closed under a running call, so each
 * call holds a read permit and {@link #close} waits for all of them.
 */
public final class OnnxModel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OnnxModel.class);

    private final Path file;
    private final OrtEnvironment environment;
    /** Must outlive the session. */
    private final OrtSession.SessionOptions options;

    private final OrtSession session;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    private OnnxModel(Path file, OrtEnvironment environment, OrtSession.SessionOptions options, OrtSession session) {
        this.file = file;
        this.environment = environment;
        this.options = options;
        this.session = session;
    }

    /**
     * Where a model runs.
     *
     * @param cuda whether to use the CUDA provider
     * @param fallback whether to go on with the CPU when CUDA cannot be used
     * @param deviceId the number of the CUDA device
     * @param gpuMemoryLimitBytes the most that the CUDA arena may take
     * @param threads threads of one run on the CPU
     */
    public record Placement(boolean cuda, boolean fallback, int deviceId, long gpuMemoryLimitBytes, int threads) {}

    /**
     * Opens a model file.
     *
     * @throws ImageSearchException (data) naming the file, if it is no model; (resource) with the reason, if the device cannot be used
     */
    public static OnnxModel open(Path file, Placement placement) {
        OrtEnvironment environment = Environment.get();
        if (placement.cuda()) {
            try {
                requireCudaProvider();
                OnnxModel model = open(file, environment, placement, true);
                LOG.info("device=cuda:{} model={}", placement.deviceId(), file);
                return model;
            } catch (OrtException | LinkageError | ImageSearchException e) {
                // A file that is no model is none on the CPU either, and below it is told with its own error.
                if (!placement.fallback() && !isAboutTheFile(e)) {
                    throw new ImageSearchException(
                            ErrorCode.RESOURCE,
                            "CUDA device " + placement.deviceId() + " cannot run " + file + ": " + oneLine(e),
                            e);
                }
                LOG.info("device=cpu model={} reason=\"{}\"", file, oneLine(e));
            }
        }
        try {
            return open(file, environment, placement, false);
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot open the model " + file + ": " + oneLine(e), e);
        }
    }

    private static void requireCudaProvider() {
        if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
            throw ImageSearchException.resource(
                    "the ONNX Runtime in this program has no CUDA provider, build it with Maven's profile 'gpu'");
        }
    }

    private static boolean isAboutTheFile(Throwable e) {
        return e instanceof OrtException known
                && switch (known.getCode()) {
                    case ORT_NO_SUCHFILE, ORT_NO_MODEL, ORT_INVALID_PROTOBUF, ORT_INVALID_GRAPH -> true;
                    default -> false;
                };
    }

    private static OnnxModel open(Path file, OrtEnvironment environment, Placement placement, boolean cuda)
            throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        try {
            options.setIntraOpNumThreads(placement.threads());
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            if (cuda) {
                try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(placement.deviceId())) {
                    provider.add("gpu_mem_limit", Long.toString(placement.gpuMemoryLimitBytes()));
                    // Growing by powers of two would take twice the memory that a fixed batch needs.
                    provider.add("arena_extend_strategy", "kSameAsRequested");
                    options.addCUDA(provider);
                }
            }
            return new OnnxModel(file, environment, options, environment.createSession(file.toString(), options));
        } catch (OrtException | RuntimeException | Error e) {
            options.close();
            throw e;
        }
    }

    /**
     * Checks that the model has an input.
     *
     * @param shape expected sizes, -1 where the model must take any
     * @throws ImageSearchException (data) listing the inputs that there are
     */
    public void requireInput(String name, ElementType type, long... shape) {
        require("input", name, type, shape, inputs(), OnnxModel::takes);
    }

    /**
     * Checks that the model wants nothing else.
     *
     * @throws ImageSearchException (data) listing the inputs that there are
     */
    public void requireNoInputBut(Set<String> names) {
        Map<String, NodeInfo> inputs = inputs();
        if (!names.containsAll(inputs.keySet())) {
            throw ImageSearchException.data(
                    "%s wants inputs that nobody gives: expected %s; it has %s",
                    file, new TreeSet<>(names), describe(inputs));
        }
    }

    /**
     * Checks that the model has an output.
     *
     * @param shape expected sizes, -1 where any will do
     * @throws ImageSearchException (data) listing the outputs that there are
     */
    public void requireOutput(String name, ElementType type, long... shape) {
        require("output", name, type, shape, outputs(), OnnxModel::gives);
    }

    /** The types of tensors that our models take and give. */
    public enum ElementType {
        UINT8(OnnxJavaType.UINT8),
        INT64(OnnxJavaType.INT64),
        FLOAT(OnnxJavaType.FLOAT);

        private final OnnxJavaType type;

        ElementType(OnnxJavaType type) {
            this.type = type;
        }
    }

    /**
     * An input: its elements in a direct buffer in native order, and its shape.
     *
     * @param bytes the elements from position to limit
     */
    public record Tensor(ByteBuffer bytes, ElementType type, long... shape) {}

    /**
     * Runs the model.
     *
     * @param inputs every input by name
     * @param output the output wanted
     * @return its elements, in its own order
     * @throws IllegalStateException after {@link #close}
     */
    public float[] run(Map<String, Tensor> inputs, String output) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(file + " is closed");
            }
            return runOpen(inputs, output);
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot run " + file + ": " + oneLine(e), e);
        } finally {
            lock.readLock().unlock();
        }
    }

    private float[] runOpen(Map<String, Tensor> inputs, String output) throws OrtException {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        try {
            for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getValue()));
            }
            try (OrtSession.Result result = session.run(tensors, Set.of(output))) {
                OnnxTensor values = (OnnxTensor) result.get(0);
                FloatBuffer floats = values.getFloatBuffer();
                float[] out = new float[floats.remaining()];
                floats.get(out);
                return out;
            }
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor tensor(Tensor input) throws OrtException {
        return switch (input.type()) {
            case UINT8 -> OnnxTensor.createTensor(environment, input.bytes(), input.shape(), OnnxJavaType.UINT8);
            case INT64 -> {
                LongBuffer longs = input.bytes().asLongBuffer();
                yield OnnxTensor.createTensor(environment, longs, input.shape());
            }
            case FLOAT -> OnnxTensor.createTensor(environment, input.bytes().asFloatBuffer(), input.shape());
        };
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            session.close();
            options.close();
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot close " + file + ": " + oneLine(e), e);
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void require(
            String kind,
            String name,
            ElementType type,
            long[] shape,
            Map<String, NodeInfo> nodes,
            BiPredicate<Long, Long> fits) {
        if (nodes.containsKey(name)
                && nodes.get(name).getInfo() instanceof TensorInfo info
                && info.type == type.type
                && fit(info.getShape(), shape, fits)) {
            return;
        }
        throw ImageSearchException.data(
                "%s has no %s '%s' of type %s and shape %s; it has %s",
                file, kind, name, type, Arrays.toString(shape), describe(nodes));
    }

    private static boolean fit(long[] has, long[] wanted, BiPredicate<Long, Long> fits) {
        return has.length == wanted.length
                && IntStream.range(0, has.length).allMatch(i -> fits.test(has[i], wanted[i]));
    }

    /** A model with a fixed batch would fail at the first run of another size. */
    private static boolean takes(long has, long wanted) {
        return has < 0 || has == wanted;
    }

    /** Exporters write fixed sizes where only the input was said to vary; what comes out is counted at every run. */
    private static boolean gives(long has, long wanted) {
        return has < 0 || wanted < 0 || has == wanted;
    }

    private static String describe(Map<String, NodeInfo> nodes) {
        return nodes.values().stream()
                .map(node -> node.getInfo() instanceof TensorInfo info
                        ? node.getName() + " " + info.type + " " + Arrays.toString(info.getShape())
                        : node.getName())
                .collect(Collectors.joining(", "));
    }

    private Map<String, NodeInfo> inputs() {
        try {
            return new LinkedHashMap<>(session.getInputInfo());
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the inputs of " + file, e);
        }
    }

    private Map<String, NodeInfo> outputs() {
        try {
            return new LinkedHashMap<>(session.getOutputInfo());
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the outputs of " + file, e);
        }
    }

    private static String oneLine(Throwable e) {
        return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    }
}
