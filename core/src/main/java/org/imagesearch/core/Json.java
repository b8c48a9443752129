package org.imagesearch.core;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** How this project writes and reads JSON files: records, indented, instants as ISO-8601, absent values left out. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .addModule(new Jdk8Module())
            .serializationInclusion(JsonInclude.Include.NON_ABSENT)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            // Else 1.5 is cut to 1 where a whole number is expected.
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            // A shorter file written over a longer one leaves its tail behind.
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final ObjectWriter LINE_WRITER = MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

    private static final Pattern NULL_FOR_A_NUMBER = Pattern.compile("Cannot map `null` into type `(\\w+)`.*");

    private Json() {}

    /** The UTF-8 bytes of a value, with a final newline. */
    public static byte[] write(Object value) {
        try {
            return (MAPPER.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write " + value.getClass() + " as JSON", e);
        }
    }

    /** The UTF-8 bytes of a value on one line, with its line break. */
    public static byte[] writeLine(Object value) {
        try {
            return (LINE_WRITER.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write " + value.getClass() + " as JSON", e);
        }
    }

    /**
     * Reads a value.
     *
     * @param bytes UTF-8 JSON
     * @param type the record to read
     * @param name where the bytes come from, for the message
     * @throws ImageSearchException (data) naming the source and the field, if the bytes are no JSON of that type
     */
    public static <T> T read(byte[] bytes, Class<T> type, String name) {
        try {
            T value = MAPPER.readValue(bytes, type);
            if (value == null) {
                throw ImageSearchException.data("%s is not valid: it holds null", name);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.DATA, name + " is not valid: " + field(e) + reason(e), e);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, name + " is not valid: " + e.getMessage(), e);
        }
    }

    /** Which field it is about, where Jackson knows: {@code shards.[3].count: }. */
    private static String field(JsonProcessingException e) {
        if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
            return "";
        }
        return mapping.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                .collect(Collectors.joining(".", "", ": "));
    }

    private static String reason(JsonProcessingException e) {
        if (e.getCause() instanceof ImageSearchException ours) {
            return ours.getMessage();
        }
        return NULL_FOR_A_NUMBER.matcher(e.getOriginalMessage()).replaceFirst("missing or null, expected $1");
    }
}
