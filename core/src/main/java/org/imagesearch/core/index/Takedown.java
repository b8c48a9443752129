package org.imagesearch.core.index;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.time.Instant;
import java.util.Optional;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;

/**
 * One line of {@code takedowns.jsonl}: a picture that is taken down, or given back.
 *
 * @param id the picture's id
 * @param at when it was said; absent where a person wrote the line and left it out
 * @param reason why, in the words of who said it
 * @param restored true on a line that undoes an earlier one; absent otherwise
 */
@JsonPropertyOrder({"id", "at", "reason", "restored"})
public record Takedown(long id, Optional<Instant> at, Optional<String> reason, Optional<Boolean> restored) {
    /** @throws ImageSearchException (data) if the id is out of range */
    @JsonCreator
    public Takedown(
            @JsonProperty(value = "id", required = true) long id,
            @JsonProperty("at") Optional<Instant> at,
            @JsonProperty("reason") Optional<String> reason,
            @JsonProperty("restored") Optional<Boolean> restored) {
        if (!Ids.isValid(id)) {
            throw ImageSearchException.data("id %d is out of range: ids are 0 to %d", id, Ids.LIMIT - 1);
        }
        this.id = id;
        this.at = at == null ? Optional.empty() : at;
        this.reason = reason == null ? Optional.empty() : reason;
        this.restored = restored == null ? Optional.empty() : restored;
    }

    /** Whether the picture is down after this line. */
    boolean down() {
        return !restored.orElse(false);
    }
}
