package org.imagesearch.server.access;

import java.util.List;
import java.util.Locale;
import org.imagesearch.core.ImageSearchException;

/** What the owner of a key may do. */
public enum Role {
    /** Search, see pictures, read what the server tells of itself. */
    SEARCH,
    /** All that, and take pictures down. */
    ADMIN;

    /** Whether whoever has this role may do what the other one is needed for. */
    public boolean includes(Role needed) {
        return compareTo(needed) >= 0;
    }

    /**
     * The role of a name, {@code search} or {@code admin}.
     *
     * @throws ImageSearchException (input) if there is none
     */
    public static Role of(String name) {
        for (Role role : values()) {
            if (role.toString().equals(name)) {
                return role;
            }
        }
        throw ImageSearchException.input("the role is '%s', expected one of %s", name, List.of(values()));
    }

    /** As it stands in the file of keys. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
