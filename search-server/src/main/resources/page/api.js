/** The requests of the page, and what can go wrong with them in words. */

import { ask, headers, ready } from './key.js';
import { isMixed, parts } from './query.js';

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

/** What this server takes beside the query itself, by the names of its description; empty where that cannot be had. */
const taken = request(['openapi.json', {}])
  .then((api) => new Set(Object.keys(api.components.schemas.Query.properties)))
  .catch(() => new Set());

/** Whether the index has what scores are calibrated with: one built by an older version has not. */
let calibrates = true;

/** Whether the server takes an option, `calibrated` or `cutoff`: older ones refuse what they do not know. */
export async function takes(option) {
  return (await taken).has(option) && (calibrates || !['calibrated', 'cutoff'].includes(option));
}

/**
 * Asks for the hits of a query, calibrated where that can be had.
 *
 * @param signal aborts the request when a newer one takes its place; the promise then rejects with AbortError
 * @param cursor what an answer said is `next`, to go on behind it
 */
export async function search(query, signal, cursor = null) {
  const calibrated = await takes('calibrated');
  try {
    return await request(await described(query, cursor, calibrated), signal);
  } catch (error) {
    if (!(calibrated && error.status === 400 && /\bcalibrated\b/.test(error.message))) {
      throw error;
    }
    calibrates = false;
    return request(await described(query, cursor, false), signal);
  }
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

/** Whether the index is open; while it is not, every search is refused. */
export async function isReady() {
  try {
    await request(['readyz', {}]);
    return true;
  } catch (error) {
    return !(error instanceof SearchError && error.status === 503);
  }
}

/** @param size pixels of the longer side: 64, 128, 256 or 512 */
export function thumbnail(id, size = 256) {
  return `thumbnails/${id}?size=${size}`;
}

export function original(id) {
  return `images/${id}`;
}

async function described(query, cursor, calibrated) {
  const wanted = { k: query.k, ...(calibrated ? { calibrated } : {}), ...optionsOf(query), ...(cursor === null ? {} : { cursor }) };
  if (isMixed(query)) {
    const body = JSON.stringify({ terms: await terms(query), ...wanted });
    return ['search', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }];
  }
  if (query.picture) {
    const { bytes, type } = query.picture;
    return [`search?${new URLSearchParams(wanted)}`, { method: 'POST', headers: { 'Content-Type': type }, body: bytes }];
  }
  const asked = query.id === null ? { text: query.text } : { id: query.id };
  return [`search?${new URLSearchParams({ ...asked, ...wanted })}`, {}];
}

/** What the visitor asked for is sent to any server, which says so if it cannot. */
function optionsOf({ options }) {
  const { group, standing, filter, labels, label } = options;
  return {
    ...(group === null ? {} : { nearDuplicates: group }),
    ...(standing ? { cutoff: 'auto' } : {}),
    ...(filter ? { filter } : {}),
    ...(labels.length > 0 ? { facets: labels } : {}), // An address writes it with commas, which no label has.
    ...(label === null ? {} : { facet: label }),
  };
}

/** The weighted terms of a query, as `POST /search` takes them. */
function terms(query) {
  return Promise.all(parts(query).map(async ({ text, id, picture, weight }) => {
    if (picture) {
      return { image: await base64(picture.bytes), weight };
    }
    return id === undefined ? { text, weight } : { id, weight };
  }));
}

async function base64(bytes) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes]));
  });
  return url.slice(url.indexOf(',') + 1);
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
