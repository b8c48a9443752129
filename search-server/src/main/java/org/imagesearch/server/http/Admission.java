package org.imagesearch.server.http;

import java.util.Optional;

/**
 * How many requests may be under way, the waiting ones included, and how much their bodies may take; those let in get a turn with its
 * workers. Thread-safe.
 */
final class Admission {
    private final int places;
    private final long bytes;
    private final Workers workers;
    private int takenPlaces;
    private long takenBytes;

    /**
     * @param places requests at most
     * @param bytes of all their bodies together, at most
     * @param workers stay the caller's
     */
    Admission(int places, long bytes, Workers workers) {
        this.places = places;
        this.bytes = bytes;
        this.workers = workers;
    }

    /** Where whoever is let in waits for a thread. */
    Workers workers() {
        return workers;
    }

    /**
     * Takes a place, if there is one; whoever got it leaves it.
     *
     * @param body bytes that the body may take
     */
    synchronized Optional<Place> enter(long body) {
        if (takenPlaces >= places || body > bytes - takenBytes) {
            return Optional.empty();
        }
        takenPlaces++;
        takenBytes += body;
        return Optional.of(new Place(body));
    }

    /** Places taken. */
    synchronized int admitted() {
        return takenPlaces;
    }

    private synchronized void giveBack(long body) {
        takenPlaces--;
        takenBytes -= body;
    }

    /** A request's place. Leaving it again does nothing: a request can end in more than one way at once. */
    final class Place {
        private final long body;
        private boolean left;

        private Place(long body) {
            this.body = body;
        }

        synchronized void leave() {
            if (!left) {
                left = true;
                giveBack(body);
            }
        }
    }
}
