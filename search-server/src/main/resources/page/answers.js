/** Gets answers: from memory where the visitor goes back and forward, else from the server, with patience where it is busy. */

import { toAddress } from './address.js';
import { isReady, search, SearchError, takes } from './api.js';
import { nameOf } from './format.js';
import { MOST_HITS, PAGE_SIZE } from './query.js';

/** Answers kept for going back and forward without asking again. */
const KEPT = 20;

/** A wait for a busy server is its Retry-After, but no longer than this. */
const LONGEST_WAIT_S = 10;

/** The status of a cursor into a generation that is served no more. */
const GONE = 410;

/** A busy server is asked once more: everybody asking again keeps it busy. One that is still opening its index, until it has. */
const BUSY_RETRIES = 1;
const OPENING_RETRIES = 60;

export class Answers {
  #kept = new Map();
  #most = MOST_HITS;
  #hasCursors = false;

  /** The server gives no more hits than this. */
  limit(maxK) {
    this.#most = Math.min(MOST_HITS, maxK);
  }

  /**
   * The answer to a query.
   *
   * @param signal ends it; the promise then rejects with AbortError
   * @param onWait called with `{seconds, opening}` before each wait
   */
  async ask(query, signal, onWait) {
    this.#hasCursors = await takes('cursor');
    const asked = { ...query, k: Math.min(query.k, this.#most) };
    return this.#kept.get(keyOf(asked)) ?? this.#keep(asked, await patiently(asked, signal, onWait));
  }

  /** Whether there may be more hits than an answer has. */
  hasMore(query, answer) {
    return query.k < this.#most && (this.#hasCursors ? Boolean(answer.next) : foundIn(answer) >= query.k);
  }

  /**
   * The answer with a page more hits, and the query that it is the answer of.
   *
   * @returns {{query, answer}}
   */
  async further(query, answer, signal, onWait) {
    const longer = { ...query, k: Math.min(query.k + PAGE_SIZE, this.#most) };
    if (!answer.next) {
      return { query: longer, answer: await this.ask(longer, signal, onWait) };
    }
    try {
      const page = await patiently({ ...query, k: longer.k - query.k }, signal, onWait, answer.next);
      return { query: longer, answer: this.#keep(longer, joined(answer, page)) };
    } catch (error) {
      if (error.status !== GONE) {
        throw error;
      }
      this.forget(); // A newer index is served since: the hits so far are of the one before.
      return { query: longer, answer: await this.ask(longer, signal, onWait) };
    }
  }

  /** The next answers come from the server. */
  forget() {
    this.#kept.clear();
  }

  /** The name of a picture that some answer of this visit brought. */
  nameOf(id) {
    for (const { hits } of this.#kept.values()) {
      const hit = hits.find((other) => other.id === id);
      if (hit) {
        return nameOf(hit);
      }
    }
    return `picture ${id}`;
  }

  #keep(query, answer) {
    const key = keyOf(query);
    if (key !== null && !(answer.shards?.degraded?.length > 0)) {
      this.#kept.set(key, answer);
      if (this.#kept.size > KEPT) {
        this.#kept.delete(this.#kept.keys().next().value);
      }
    }
    return answer;
  }
}

/** Hits, and those that stand behind one as its near duplicates. */
export function foundIn({ hits }) {
  return hits.reduce((sum, { duplicates }) => sum + 1 + (duplicates?.length ?? 0), 0);
}

/** Pictures of the visitor are not kept: their bytes are no key. */
function keyOf(query) {
  return query.picture ? null : toAddress(query);
}

async function patiently(query, signal, onWait, cursor = null) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await search(query, signal, cursor);
    } catch (error) {
      const seconds = error instanceof SearchError ? error.retryAfterSeconds : null;
      if (seconds === null || seconds > LONGEST_WAIT_S || attempt >= OPENING_RETRIES) {
        throw error;
      }
      const opening = !(await isReady());
      if (!opening && attempt >= BUSY_RETRIES) {
        throw error;
      }
      signal.throwIfAborted();
      onWait({ seconds, opening });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      signal.throwIfAborted();
    }
  }
}

/** Two pages as one answer. */
function joined(answer, page) {
  return { ...page, hits: [...answer.hits, ...page.hits], facets: joinedFacets(answer.facets, page.facets) };
}

function joinedFacets(before, after) {
  if (!before || !after) {
    return after;
  }
  const sums = before.map(({ label, count }) => ({ label, count: count + (after.find((other) => other.label === label)?.count ?? 0) }));
  const all = sums.reduce((sum, { count }) => sum + count, 0);
  return sums.map((facet) => ({ ...facet, share: all === 0 ? 0 : facet.count / all }));
}
