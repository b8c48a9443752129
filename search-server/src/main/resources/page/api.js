/** The requests of the page, and what can go wrong with them in words. */

import { ask, headers, ready } from './key.js';
import { isMixed, terms } from './query.js';

const TIMEOUT_MS = 30_000;

/** A request that brought no answer. `code` is the server's, or `unreachable`, `timeout`, `unreadable`. */
export class SearchError extends Error {
  constructor(code, message, { status = 0, retryAfterSeconds = null } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Asks for the hits of a query.
 *
 * @param signal aborts the request when a newer one takes its place; the promise then rejects with AbortError
 */
export async function search(query, signal) {
  return request(await described(query), signal);
}

/** What is being searched, or null where the server does not tell. */
export async function info() {
  try {
    return await request(['info', {}]);
  } catch (error) {
    if (error instanceof SearchError) {
      return null; // The page does without.
    }
    throw error;
  }
}

/** @param size pixels of the longer side: 64, 128, 256 or 512 */
export function thumbnail(id, size = 256) {
  return `thumbnails/${id}?size=${size}`;
}

export function original(id) {
  return `images/${id}`;
}

async function described(query) {
  if (isMixed(query)) {
    const body = JSON.stringify({ terms: await terms(query), k: query.k });
    return ['search', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }];
  }
  if (query.picture) {
    const { bytes, type } = query.picture;
    return [`search?k=${query.k}`, { method: 'POST', headers: { 'Content-Type': type }, body: bytes }];
  }
  const asked = query.id === null ? { text: query.text } : { id: query.id };
  return [`search?${new URLSearchParams({ ...asked, k: query.k })}`, {}];
}

/** Asks for a key where the server wants one, and then again. */
async function request(what, signal) {
  await ready;
  for (;;) {
    try {
      return await requestOnce(what, signal);
    } catch (error) {
      if (!(error instanceof SearchError && error.status === 401 && await ask())) {
        throw error;
      }
    }
  }
}

async function requestOnce([url, options], signal) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(
    () => controller.abort(new SearchError('timeout', `No answer within ${TIMEOUT_MS / 1000} seconds.`)), TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      ...options,
      headers: { Accept: 'application/json', ...headers(), ...options.headers },
      signal: controller.signal,
    });
    return await answer(response);
  } catch (error) {
    if (error instanceof TypeError) {
      throw new SearchError('unreachable', 'The server could not be reached.');
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

async function answer(response) {
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Something between us and the server answered in its own words; the status still tells.
  }
  if (!response.ok) {
    const told = body?.error ?? {};
    const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
    throw new SearchError(told.code ?? `http_${response.status}`, told.message ?? `The server answered with status ${response.status}.`, {
      status: response.status,
      retryAfterSeconds: Number.isInteger(retryAfter) ? retryAfter : null,
    });
  }
  if (body === null) {
    throw new SearchError('unreadable', 'The answer was not JSON.', { status: response.status });
  }
  return body;
}
