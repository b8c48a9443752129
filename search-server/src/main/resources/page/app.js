/** The page: keeps the address, the request in flight and what is shown in step. */

import { info, search, SearchError } from './api.js';
import { Detail } from './detail.js';
import { byId, element } from './dom.js';
import { count, nameOf, pictures } from './format.js';
import { choose, takeIn } from './intake.js';
import * as notices from './notices.js';
import * as queries from './query.js';
import { Results } from './results.js';
import { showTerms } from './terms.js';

const TITLE = 'Picture search';

/** A request shorter than this shows no sign of loading: a flash says nothing. */
const LOADING_SHOWS_AFTER_MS = 180;

/** Answers kept for going back and forward without asking again. */
const ANSWERS_KEPT = 20;

/** Waits for a busy server are its Retry-After, but no longer than this, and happen once. */
const LONGEST_WAIT_S = 10;

/** Words that most collections have an answer for, in scripts of many kinds. */
const EXAMPLES = [
  ['hamburger', 'en'], ['ハンバーガー', 'ja'], ['red car', 'en'], ['carro rojo', 'es'], ['кошка', 'ru'], ['بيتزا', 'ar'],
  ['hampurilainen', 'fi'], ['fleur', 'fr'], ['rakieta', 'pl'], ['月亮', 'zh'], ['Regenbogen', 'de'], ['balık', 'tr'],
];

const results = new Results(byId('grid'), { onOpen: open, onAlike: (id) => go(queries.alike(id)) });
const detail = new Detail(byId('detail'), { alike: alikeFromDetail, mix, step, close: leaveDetail, announce });
const answers = new Map();

let query = queries.nothing();
let pending = null;
let shown = null;
let total = 0;
let mostHits = queries.MOST_HITS;

start();

function start() {
  byId('examples').append(...EXAMPLES.map(([text, lang]) => element('li', {},
    element('a', { className: 'chip', href: queries.toAddress(queries.words(text)), lang, dir: 'auto', onclick: followExample(text) }, text))));
  byId('search').addEventListener('submit', submit);
  byId('more').addEventListener('click', showMore);
  document.querySelector('.brand a').addEventListener('click', plainClick(() => go(queries.nothing())));
  addEventListener('popstate', arrive);
  addEventListener('keydown', shortcut);
  addEventListener('online', () => byId('notices').querySelector('.problem') && run());
  takeIn({
    onPicture: (picture) => go(queries.ownPicture(picture)),
    onId: (id) => go(queries.alike(id)),
    onRefused: refuse,
  });
  describe();
  arrive();
}

// ---- The address -------------------------------------------------------------------------------------------------

/** Goes to another query, as a new entry of the history. */
function go(next) {
  remember('pushState', next, null);
  query = next;
  detail.close();
  scrollTo(0, 0);
  show();
}

/** Takes up whatever the address says: on loading, and on going back or forward. */
function arrive() {
  const next = queries.fromAddress(location.href, history.state);
  const same = queries.toAddress(next) === queries.toAddress(query) && next.picture?.bytes.byteLength === query.picture?.bytes.byteLength;
  query = next;
  if (!same || queries.isEmpty(next)) {
    show();
  }
  showDetail(history.state?.open ?? null);
}

function remember(how, next, opened) {
  const state = { picture: next.picture, open: opened };
  try {
    history[how](state, '', queries.toAddress(next));
  } catch {
    // The picture is too large for this browser's history: going back to it will ask for it again.
    history[how]({ ...state, picture: null }, '', queries.toAddress(next));
  }
}

// ---- What is asked ------------------------------------------------------------------------------------------------

function submit(event) {
  event.preventDefault();
  const next = queries.words(byId('words').value);
  if (queries.isEmpty(next)) {
    byId('words').focus();
    return;
  }
  if (queries.toAddress(next) === queries.toAddress(query)) {
    answers.clear(); // The same again means: ask again.
    show();
    return;
  }
  go(next);
}

function followExample(text) {
  return plainClick(() => go(queries.words(text)));
}

/** A click that stays on the page; with a modifier it is the browser's own, for another tab. */
function plainClick(action) {
  return (event) => {
    if (!(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      action();
    }
  };
}

function refuse(message) {
  byId('notices').replaceChildren(notices.refusal(message));
  scrollTo(0, 0);
}

function mix(id, sign) {
  go(queries.mixed(query, id, sign));
}

function showMore() {
  const before = results.hits.length;
  query = { ...query, k: Math.min(query.k + queries.PAGE_SIZE, mostHits) };
  remember('replaceState', query, null);
  run().then(() => results.focus(before));
}

// ---- Asking --------------------------------------------------------------------------------------------------------

/** Shows the query in its places and asks for its hits. */
function show() {
  const empty = queries.isEmpty(query);
  document.body.classList.toggle('at-start', empty && !query.lost);
  document.title = empty ? TITLE : `${titleOf(query)} · ${TITLE}`;
  byId('words').value = query.text;
  showTerms(byId('terms'), query, { nameOf: known, onChange: go });
  if (!empty) {
    run();
    return;
  }
  pending?.abort();
  clear();
  if (query.lost) {
    byId('notices').replaceChildren(notices.lostPicture(choose));
  } else if (matchMedia('(hover: hover)').matches) {
    byId('words').focus({ preventScroll: true }); // Not on a phone, where it would raise the keyboard.
  }
}

function titleOf({ text, id, picture }) {
  return text || (picture ? picture.name : `Like picture ${id}`);
}

/** Asks, or answers from memory; a newer call takes the place of one that is under way. */
async function run() {
  pending?.abort();
  const key = keyOf(query);
  const known = key && answers.get(key);
  if (known) {
    showAnswer(known);
    return;
  }
  const controller = new AbortController();
  pending = controller;
  const loading = setTimeout(() => busy(true), LOADING_SHOWS_AFTER_MS);
  try {
    const answer = await patiently(query, controller.signal);
    keep(key, answer);
    showAnswer(answer);
  } catch (error) {
    if (!controller.signal.aborted) {
      clear();
      byId('notices').replaceChildren(notices.failure(error, () => run()));
    }
  } finally {
    clearTimeout(loading);
    if (pending === controller) {
      pending = null;
      busy(false);
    }
  }
}

/** Waits once, as long as the server asks, where it is too busy to answer. */
async function patiently(asked, signal) {
  try {
    return await search(asked, signal);
  } catch (error) {
    const seconds = error instanceof SearchError ? error.retryAfterSeconds : null;
    if (seconds === null || seconds > LONGEST_WAIT_S) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    signal.throwIfAborted();
    return search(asked, signal);
  }
}

/** Pictures of the visitor are not kept: their bytes are no key. */
function keyOf(asked) {
  return asked.picture ? null : queries.toAddress(asked);
}

function keep(key, answer) {
  if (key === null || answer.shards?.degraded?.length > 0) {
    return;
  }
  answers.set(key, answer);
  if (answers.size > ANSWERS_KEPT) {
    answers.delete(answers.keys().next().value);
  }
}

function busy(is) {
  byId('progress').hidden = !is;
  if (is && byId('status').hidden) {
    byId('status').hidden = false;
    byId('count').textContent = 'Searching…';
    byId('facts').replaceChildren();
  }
  byId('grid').setAttribute('aria-busy', String(is));
}

// ---- Showing --------------------------------------------------------------------------------------------------------

function showAnswer(answer) {
  shown = answer;
  results.show(answer.hits, queries.toAddress(query));
  document.body.classList.toggle('no-hits', answer.hits.length === 0);
  byId('status').hidden = false;
  byId('count').textContent = notices.countLine(answer, total);
  byId('facts').replaceChildren(...notices.facts(answer));
  byId('notices').replaceChildren(
    ...[notices.degradation(answer), answer.hits.length === 0 ? notices.noHits() : null].filter(Boolean));
  byId('further').hidden = answer.hits.length < query.k || query.k >= mostHits;
  showDetail(history.state?.open ?? null);
}

function clear() {
  shown = null;
  results.show([], queries.toAddress(query));
  document.body.classList.remove('no-hits');
  byId('status').hidden = true;
  byId('count').textContent = '';
  byId('further').hidden = true;
  byId('notices').replaceChildren();
}

/** The name of a picture that some answer of this visit brought. */
function known(id) {
  for (const { hits } of [...answers.values(), shown ?? { hits: [] }]) {
    const hit = hits.find((other) => other.id === id);
    if (hit) {
      return nameOf(hit);
    }
  }
  return `picture ${id}`;
}

async function describe() {
  const told = await info();
  if (told === null) {
    return;
  }
  total = told.pictures;
  mostHits = Math.min(mostHits, told.limits.maxK);
  byId('words').maxLength = told.limits.maxTextLength;
  if (shown !== null) {
    byId('count').textContent = notices.countLine(shown, total);
  }
  const served = told.shards.served.length;
  const shards = `${count(served)} ${told.shards.total === 1 ? 'shard' : 'shards'}`;
  const parts = [pictures(total), shards, told.model.name, told.generation];
  byId('foot').replaceChildren(...parts.map((part) => element('span', {}, part)));
}

function announce(text) {
  byId('announcement').textContent = text;
}

// ---- One picture ----------------------------------------------------------------------------------------------------

/** Opening makes an entry of the history, so that the back button, which phones have at hand, closes it. */
function open(hit) {
  remember('pushState', query, hit.id);
  showDetail(hit.id);
}

function leaveDetail() {
  if (history.state?.open != null) {
    history.back();
  } else {
    detail.close();
  }
}

function step(direction) {
  const next = results.hits[placeOf(detail.hit?.id) + direction];
  if (next) {
    remember('replaceState', query, next.id);
    showDetail(next.id);
  }
}

function alikeFromDetail(id) {
  go(queries.alike(id));
}

function showDetail(id) {
  const place = id === null ? -1 : placeOf(id);
  if (place >= 0) {
    detail.show(results.hits[place], { first: place === 0, last: place === results.hits.length - 1 });
    return;
  }
  const closed = detail.hit;
  if (closed && id === null) {
    detail.close();
    results.focus(placeOf(closed.id));
  }
}

function placeOf(id) {
  return results.hits.findIndex((hit) => hit.id === id);
}

// ---- Keys -----------------------------------------------------------------------------------------------------------

function shortcut(event) {
  const typing = event.target.closest?.('input, textarea, dialog');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId('words').focus();
    byId('words').select();
  } else if (event.key === 'ArrowDown' && event.target === byId('words') && !event.isComposing && results.hits.length > 0) {
    event.preventDefault();
    results.focus(0);
  }
}
