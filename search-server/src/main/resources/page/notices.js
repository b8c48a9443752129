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

/** @param found pictures in the answer, those in groups among them */
export function countLine(answer, found, total) {
  const shown = answer.hits.length;
  if (shown === 0) {
    return 'No pictures found';
  }
  const groups = shown < found ? ` in ${count(shown)} ${shown === 1 ? 'group' : 'groups'}` : '';
  return total > found ? `Best ${count(found)} of ${pictures(total)}${groups}` : `${pictures(found)}${groups}`;
}

/** What is said while the server is given time. */
export function waiting({ seconds, opening }) {
  const again = `asking again in ${seconds} s`;
  return opening ? `The server is still opening its index: ${again}…` : `The server is busy: ${again}…`;
}

/** A warning where some shards did not answer, else null. */
export function degradation({ shards }, onRetry) {
  if (shards.answered >= shards.total) {
    return null;
  }
  const missing = shards.total - shards.answered;
  const what = `${missing} of ${shards.total} shards did not answer, so pictures may be missing.`;
  return notice('warning', what, element('p', {}, shards.degraded.map(reason).join(' · ')), retry(onRetry));
}

/** A shard and why it is missing, in words. */
function reason(entry) {
  const { shard, reason: why } = entry;
  return `shard ${shard}: ${{ deadline: 'not in time', overloaded: 'too much to do', failed: 'failed' }[why] ?? why}`;
}

/**
 * Help where nothing was found; what leaves hits out is named first, with the button that takes it away.
 *
 * @param change called with options to go on with
 */
export function noHits({ filter, standing, label }, change) {
  if (filter) {
    return calm('No picture passes the filter.',
      [element('code', { dir: 'auto' }, filter), '. Loosen it, or search without it.'], button('Search without the filter', () => change({ filter: '' })));
  }
  if (label) {
    return calm(`None of the hits is “${label}”.`, ['They are nearer to the other labels.'], button('Show all labels', () => change({ label: null })));
  }
  if (standing) {
    return calm('Nothing stands out.', ['Every picture is about as like this as any other: probably there is none of what you look for.'],
      button('Show the nearest anyway', () => change({ standing: false })));
  }
  return calm('Nothing here is like that.', ['Try other words, fewer words, or a picture of your own.']);
}

/** The picture of this address stayed behind in another browser. */
export function lostPicture(onChoose) {
  return calm('This search was made with a picture that only its own browser tab has.',
    ['Choose, drop or paste it again to repeat the search.'],
    element('button', { type: 'button', className: 'button', onclick: onChoose }, icon('picture'), 'Choose a picture'));
}

export function refusal(message) {
  return notice('problem', message);
}

/**
 * An error, what can be done about it, and a button that does it where there is one.
 *
 * @param query that failed
 */
export function failure(error, query, { onRetry, onChoose, onPlain }) {
  const { title, advice, told, again, choose, plain } = explained(error, query);
  return notice('problem', title,
    advice ? element('p', {}, advice) : null,
    told ? element('p', { className: 'told', dir: 'auto' }, told) : null,
    again ? retry(onRetry) : null,
    plain ? button('Search without filter, labels and groups', onPlain) : null,
    choose ? button('Choose another picture', onChoose) : null);
}

function explained(error, query) {
  if (!(error instanceof SearchError)) {
    return { title: 'The page itself failed.', told: String(error), again: true };
  }
  const { code, status, message: told } = error;
  if (code === 'unreachable') {
    return navigator.onLine
      ? { title: 'The server does not answer.', advice: 'It may be starting or stopped.', again: true }
      : { title: 'You are offline.', advice: 'The search goes on when the connection is back.', again: true };
  }
  if (code === 'timeout' || status === 504) {
    return {
      title: 'The search took too long.', told, again: true,
      advice: 'The server gave up at its time limit. Mostly it had too much to do at that moment; a simpler search is faster too.',
    };
  }
  const byPicture = query.picture !== null;
  const known = {
    401: { title: 'This server wants a key.', advice: 'Ask whoever runs it for one.', again: true },
    403: { title: 'The key does not allow this.', advice: 'Ask whoever runs the server for one that does.' },
    404: { title: 'There is no such picture.', advice: 'It may have been taken down, or the address is from another index.' },
    413: { title: 'That is too large for the server.', choose: byPicture },
    415: { title: 'The server cannot read this picture.', advice: 'JPEG, PNG, GIF, BMP and WebP are read. A screenshot of the picture will do.', choose: byPicture },
    429: { title: 'That was too many searches in a short time.', advice: waitAdvice(error), again: true },
    503: { title: 'The server is busy.', advice: waitAdvice(error), again: true },
  }[status];
  if (known) {
    return { told, ...known };
  }
  if (status >= 400 && status < 500) {
    return { title: byPicture ? 'The server could not use this picture.' : 'The server could not use this search.', told, choose: byPicture, plain: !isPlain(query) };
  }
  return { title: 'The server failed.', advice: 'That is not because of what you searched for. Its log says more.', told, again: true };
}

function isPlain({ options: { group, standing, filter, labels } }) {
  return group === null && !standing && filter === '' && labels.length === 0;
}

function waitAdvice({ retryAfterSeconds }) {
  return retryAfterSeconds === null ? 'Try again in a moment.' : `It asks for ${retryAfterSeconds === 1 ? 'a second' : `${retryAfterSeconds} seconds`} of patience.`;
}

function retry(onRetry) {
  return button('Try again', onRetry);
}

function button(label, onclick) {
  return element('button', { type: 'button', className: 'button', onclick }, label);
}

function calm(title, advice, ...more) {
  return notice('calm', title, element('p', {}, ...advice), ...more);
}

function notice(kind, title, ...more) {
  return element('div', { className: `notice ${kind}`, role: kind === 'calm' ? 'note' : 'alert' },
    kind === 'calm' ? null : icon('warning'),
    element('div', {}, element('p', { className: 'title' }, title), ...more));
}
