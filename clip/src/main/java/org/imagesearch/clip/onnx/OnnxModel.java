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
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiPredicate;
import java.util.function.Function;
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

    /** While one computes, the bytes of the next travel. */
    private static final int RUNS_PER_GPU = 2;

    private static final Set<ElementType> FLOATS = Set.of(ElementType.FLOAT, ElementType.FLOAT16);

    private final Path file;
    private final OrtEnvironment environment;
    /** Must outlive the session. */
    private final OrtSession.SessionOptions options;

    private final OrtSession session;
    private final Map<String, NodeInfo> inputs;
    private final Map<String, NodeInfo> outputs;
    private final boolean onGpu;
    /** Every run at once takes the memory of its activations: a GPU's is soon used up by the threads of a server. */
    private final Semaphore runs;

    private final DirectBuffers results = new DirectBuffers();
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    private OnnxModel(
            Path file, OrtEnvironment environment, OrtSession.SessionOptions options, OrtSession session, boolean onGpu)
            throws OrtException {
        this.file = file;
        this.environment = environment;
        this.options = options;
        this.session = session;
        this.inputs = session.getInputInfo();
        this.outputs = session.getOutputInfo();
        this.onGpu = onGpu;
        this.runs = new Semaphore(onGpu ? RUNS_PER_GPU : Integer.MAX_VALUE);
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
     * Opens a model file for its user.
     *
     * @param user checks the model, and tries it where it runs on a GPU: one that cannot run it counts as one that cannot be
     *     used. What it returns closes the model; if it throws, the model is closed here
     * @throws ImageSearchException (data) naming the file, if it is no model or does not fit; (resource) with the reason, if the
     *     device cannot be used
     */
    public static <T> T open(Path file, Placement placement, Function<OnnxModel, T> user) {
        OrtEnvironment environment = Environment.get();
        if (placement.cuda()) {
            try {
                requireCudaProvider();
                T opened = handOver(open(file, environment, placement, true), user);
                LOG.info("device=cuda:{} model={}", placement.deviceId(), file);
                return opened;
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
            return handOver(open(file, environment, placement, false), user);
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot open the model " + file + ": " + oneLine(e), e);
        }
    }

    private static <T> T handOver(OnnxModel model, Function<OnnxModel, T> user) {
        try {
            return user.apply(model);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    private static void requireCudaProvider() {
        if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
            throw ImageSearchException.resource(
                    "the ONNX Runtime in this program has no CUDA provider, build it with Maven's profile 'gpu'");
        }
    }

    private static boolean isAboutTheFile(Throwable e) {
        if (e instanceof ImageSearchException ours) {
            return ours.code() == ErrorCode.DATA;
        }
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
            // Threads that wait by spinning take the processors from those that decode the next pictures.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            if (cuda) {
                try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(placement.deviceId())) {
                    provider.add("gpu_mem_limit", Long.toString(placement.gpuMemoryLimitBytes()));
                    // Growing by powers of two would take twice the memory that a fixed batch needs.
                    provider.add("arena_extend_strategy", "kSameAsRequested");
                    options.addCUDA(provider);
                }
            }
            return new OnnxModel(file, environment, options, environment.createSession(file.toString(), options), cuda);
        } catch (OrtException | RuntimeException | Error e) {
            options.close();
            throw e;
        }
    }

    /** Whether a GPU runs it: then every run should have the same shape. */
    public boolean onGpu() {
        return onGpu;
    }

    /**
     * Checks that the model has an input.
     *
     * @param shape expected sizes, -1 where the model must take any
     * @throws ImageSearchException (data) listing the inputs that there are
     */
    public void requireInput(String name, ElementType type, long... shape) {
        require("input", name, Set.of(type), shape, inputs, OnnxModel::takes);
    }

    /** Whether the model has an input of this type and shape. */
    public boolean hasInput(String name, ElementType type, long... shape) {
        return isLike(inputs.get(name), Set.of(type), shape, OnnxModel::takes);
    }

    /**
     * The input that a bundle names, or else the only one that there is.
     *
     * @throws ImageSearchException (data) listing the inputs that there are
     */
    public String input(Optional<String> name) {
        if (name.isEmpty() && inputs.size() != 1) {
            throw ImageSearchException.data(
                    "%s has more than one input, and the bundle names none; it has %s", file, describe(inputs));
        }
        return name.orElseGet(() -> inputs.keySet().iterator().next());
    }

    /**
     * Checks that the model wants nothing else.
     *
     * @throws ImageSearchException (data) listing the inputs that there are
     */
    public void requireNoInputBut(Set<String> names) {
        if (!names.containsAll(inputs.keySet())) {
            throw ImageSearchException.data(
                    "%s wants inputs that nobody gives: expected %s; it has %s",
                    file, new TreeSet<>(names), describe(inputs));
        }
    }

    /**
     * The output that a bundle names, or else the only one of floats that has this shape.
     *
     * @param shape expected sizes, -1 where any will do
     * @throws ImageSearchException (data) listing the outputs that there are
     */
    public String output(Optional<String> name, long... shape) {
        if (name.isPresent()) {
            require("output", name.get(), FLOATS, shape, outputs, OnnxModel::gives);
            return name.get();
        }
        List<String> fitting = outputs.keySet().stream()
                .filter(each -> isLike(outputs.get(each), FLOATS, shape, OnnxModel::gives))
                .toList();
        if (fitting.size() != 1) {
            throw ImageSearchException.data(
                    "%s has %d outputs of floats with shape %s, expected one, since the bundle names none; it has %s",
                    file, fitting.size(), Arrays.toString(shape), describe(outputs));
        }
        return fitting.get(0);
    }

    /**
     * Floats of a row of an output.
     *
     * @throws ImageSearchException (data) if the model does not say
     */
    public int widthOfOutput(String name) {
        long[] shape = ((TensorInfo) outputs.get(name).getInfo()).getShape();
        long width = shape[shape.length - 1];
        if (width < 1 || width > Integer.MAX_VALUE) {
            throw ImageSearchException.data(
                    "%s: output '%s' has no fixed width; it has %s", file, name, describe(outputs));
        }
        return (int) width;
    }

    /** The types of tensors that our models take and give. */
    public enum ElementType {
        UINT8(OnnxJavaType.UINT8),
        INT32(OnnxJavaType.INT32),
        INT64(OnnxJavaType.INT64),
        FLOAT(OnnxJavaType.FLOAT),
        /** Of outputs only, which are widened. */
        FLOAT16(OnnxJavaType.FLOAT16);

        private final OnnxJavaType type;

        ElementType(OnnxJavaType type) {
            this.type = type;
        }

        /** Bytes of one element. */
        public int bytes() {
            return type.size;
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
        return run(
                tensors -> {
                    try (OrtSession.Result result = session.run(tensors, Set.of(output))) {
                        FloatBuffer floats = ((OnnxTensor) result.get(0)).getFloatBuffer();
                        float[] out = new float[floats.remaining()];
                        floats.get(out);
                        return out;
                    }
                },
                inputs);
    }

    /**
     * Runs the model, whose output goes into memory that was there before where the model promises its shape.
     *
     * @param rows of the output
     * @param width floats of a row, as was asked for by {@link #output}
     * @return its elements; more or fewer where a model without the promise gives others
     * @throws IllegalStateException after {@link #close}
     */
    public float[] run(Map<String, Tensor> inputs, String output, int rows, int width) {
        if (!isLike(outputs.get(output), Set.of(ElementType.FLOAT), new long[] {-1, width}, OnnxModel::promises)) {
            return run(inputs, output);
        }
        ByteBuffer memory = results.take((long) rows * width * Float.BYTES);
        try {
            return run(tensors -> runInto(memory.asFloatBuffer(), tensors, output, rows, width), inputs);
        } finally {
            results.give(memory);
        }
    }

    private float[] runInto(FloatBuffer memory, Map<String, OnnxTensor> inputs, String output, int rows, int width)
            throws OrtException {
        try (OnnxTensor result = OnnxTensor.createTensor(environment, memory, new long[] {rows, width});
                OrtSession.Result pinned = session.run(inputs, Map.of(output, result))) {
            float[] out = new float[rows * width];
            memory.get(0, out);
            return out;
        }
    }

    private interface Run {
        float[] on(Map<String, OnnxTensor> inputs) throws OrtException;
    }

    private float[] run(Run run, Map<String, Tensor> inputs) {
        lock.readLock().lock();
        runs.acquireUninterruptibly();
        Map<String, OnnxTensor> tensors = new HashMap<>();
        try {
            if (closed) {
                throw new IllegalStateException(file + " is closed");
            }
            for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getValue()));
            }
            return run.on(tensors);
        } catch (OrtException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot run " + file + ": " + oneLine(e), e);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
            runs.release();
            lock.readLock().unlock();
        }
    }

    private OnnxTensor tensor(Tensor input) throws OrtException {
        return switch (input.type()) {
            case UINT8 -> OnnxTensor.createTensor(environment, input.bytes(), input.shape(), OnnxJavaType.UINT8);
            case INT32 -> OnnxTensor.createTensor(environment, input.bytes().asIntBuffer(), input.shape());
            case INT64 -> OnnxTensor.createTensor(environment, input.bytes().asLongBuffer(), input.shape());
            case FLOAT16 -> throw new IllegalArgumentException("no input of ours is of half precision");
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
            Set<ElementType> types,
            long[] shape,
            Map<String, NodeInfo> nodes,
            BiPredicate<Long, Long> fits) {
        if (!isLike(nodes.get(name), types, shape, fits)) {
            throw ImageSearchException.data(
                    "%s has no %s '%s' of type %s and shape %s; it has %s",
                    file,
                    kind,
                    name,
                    types.stream().sorted().findFirst().orElseThrow(),
                    Arrays.toString(shape),
                    describe(nodes));
        }
    }

    private static boolean isLike(NodeInfo node, Set<ElementType> types, long[] shape, BiPredicate<Long, Long> fits) {
        return node != null
                && node.getInfo() instanceof TensorInfo info
                && types.stream().anyMatch(type -> type.type == info.type)
                && fit(info.getShape(), shape, fits);
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

    /** Memory laid out beforehand must fit. */
    private static boolean promises(long has, long wanted) {
        return wanted < 0 || has == wanted;
    }

    private static String describe(Map<String, NodeInfo> nodes) {
        return nodes.values().stream()
                .map(node -> node.getInfo() instanceof TensorInfo info
                        ? node.getName() + " " + info.type + " " + Arrays.toString(info.getShape())
                        : node.getName())
                .collect(Collectors.joining(", "));
    }

    /** The message without the places in ONNX Runtime's own sources that it begins with. */
    private static String oneLine(Throwable e) {
        return String.valueOf(e.getMessage())
                .replaceAll("\\s+", " ")
                .replaceFirst(
                        "^Error code - \\w+ - message: (/onnxruntime_src/.*?\\[ONNXRuntimeError\\] : \\d+ : \\w+ : )?",
                        "")
                .strip();
    }
}
