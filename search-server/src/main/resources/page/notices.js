/** What the page says about an answer, or the lack of one. */

import { SearchError } from './api.js';
import { element, icon } from './dom.js';
import { count, duration, pictures } from './format.js';

/** The quiet line over the hits. */
export function facts(answer) {
  const { took, shards, generation } = answer;
  const of = `${duration(took.encodeMs)} encoding, ${duration(took.searchMs)} searching`;
  const parts = [
    shards.total === 1 && shards.answered === 1 ? '1 shard' : `${shards.answered} of ${shards.total} shards`,
    element('span', { title: of }, duration(took.totalMs), element('span', { className: 'parts' }, ` (${of})`)),
    generation,
  ];
  return parts.map((part) => element('span', {}, part));
}

export function countLine(answer, total) {
  const found = answer.hits.length;
  if (found === 0) {
    return 'No pictures found';
  }
  return total > found ? `Best ${count(found)} of ${pictures(total)}` : pictures(found);
}

/** A warning where some shards did not answer, else null. */
export function degradation({ shards }) {
  if (shards.answered >= shards.total) {
    return null;
  }
  const reasons = shards.degraded.map(reason);
  const missing = shards.total - shards.answered;
  const what = `${missing} of ${shards.total} shards did not answer, so pictures may be missing.`;
  return notice('warning', what, element('p', {}, reasons.join(' · ')));
}

/** A shard and why it is missing, in words. */
function reason(entry) {
  const { shard, reason: why } = entry;
  return `shard ${shard}: ${{ deadline: 'not in time', overloaded: 'too much to do' }[why] ?? why}`;
}

/** Help where nothing was found. */
export function noHits() {
  return notice('calm', 'Nothing here is like that.', element('p', {}, 'Try other words, fewer words, or a picture of your own.'));
}

/** The picture of this address stayed behind in another browser. */
export function lostPicture(onChoose) {
  return notice('calm', 'This search was made with a picture that only its own browser tab has.',
    element('p', {}, 'Choose, drop or paste it again to repeat the search.'),
    element('button', { type: 'button', className: 'button', onclick: onChoose }, icon('picture'), 'Choose a picture'));
}

export function refusal(message) {
  return notice('problem', message);
}

/** An error and, where trying again can help, a button that does. */
export function failure(error, onRetry) {
  const { title, advice, again } = explained(error);
  return notice('problem', title, advice ? element('p', { dir: 'auto' }, advice) : null,
    again ? element('button', { type: 'button', className: 'button', onclick: onRetry }, 'Try again') : null);
}

function explained(error) {
  if (!(error instanceof SearchError)) {
    return { title: 'The page itself failed.', advice: String(error), again: true };
  }
  if (error.code === 'unreachable') {
    return navigator.onLine
      ? { title: 'The server does not answer.', advice: 'It may be starting or stopped.', again: true }
      : { title: 'You are offline.', advice: 'The search goes on when the connection is back.', again: true };
  }
  if (error.status === 429 || error.status === 503) {
    return { title: 'The server is busy.', advice: error.message, again: true };
  }
  if (error.code === 'timeout' || error.status === 504) {
    return { title: 'The search took too long.', advice: error.message, again: true };
  }
  if (error.status === 413) {
    return { title: 'That is too large for the server.', advice: error.message, again: false };
  }
  if (error.status === 415) {
    return { title: 'The server cannot read this kind of picture.', advice: error.message, again: false };
  }
  if (error.status === 404) {
    return { title: 'There is no such picture.', advice: error.message, again: false };
  }
  if (error.status >= 400 && error.status < 500) {
    return { title: 'The server could not use this search.', advice: error.message, again: false };
  }
  return { title: 'The server failed.', advice: error.message, again: true };
}

function notice(kind, title, ...more) {
  return element('div', { className: `notice ${kind}`, role: kind === 'calm' ? 'note' : 'alert' },
    kind === 'calm' ? null : icon('warning'),
    element('div', {}, element('p', { className: 'title' }, title), ...more));
}
