/** The page: keeps the address, the request in flight and what is shown in step. */

import { fromAddress, toAddress } from './address.js';
import { Answers } from './answers.js';
import { AnswerView } from './answerview.js';
import { info } from './api.js';
import { Browsing } from './browsing.js';
import { Detail } from './detail.js';
import { byId } from './dom.js';
import { DownloadMenu } from './download.js';
import { showExamples } from './examples.js';
import { choose, takeIn } from './intake.js';
import * as notices from './notices.js';
import { Options } from './options.js';
import * as queries from './query.js';
import { Results } from './results.js';
import { isFull, showTerms } from './terms.js';

const TITLE = 'Picture search';

/** A request shorter than this shows no sign of loading: a flash says nothing. */
const LOADING_SHOWS_AFTER_MS = 180;

const alike = (id) => go(queries.withOptionsOf(queries.alike(id), query));
const mix = (id, how) => go(queries.mixedWith(query, { id }, how));
const results = new Results(byId('grid'), { open: (hit) => browsing.open(hit), alike, mix, others, announce });
const detail = new Detail(byId('detail'), {
  alike, mix, step: (direction) => browsing.step(direction), close: () => browsing.leave(), announce,
});
const browsing = new Browsing(results, detail, (how, id) => remember(how, query, id));
const options = new Options((next) => go(next));
const answers = new Answers();
const view = new AnswerView(results, { again, change: (changed) => go(queries.withOptions(query, changed)), nameOf: (id) => answers.nameOf(id) });

let query = queries.nothing();
let pending = null;

start();

function start() {
  showExamples(byId('examples'), (text) => plainClick(() => go(queries.words(text))));
  byId('search').addEventListener('submit', submit);
  byId('add').addEventListener('submit', addWords);
  byId('more').addEventListener('click', showMore);
  document.querySelector('.brand a').addEventListener('click', plainClick(() => go(queries.nothing())));
  addEventListener('popstate', arrive);
  addEventListener('keydown', shortcut);
  addEventListener('online', () => byId('notices').querySelector('.problem') && run());
  new DownloadMenu(() => ({ answer: { ...view.answer, hits: results.hits }, title: titleOf(query) }));
  takeIn({
    onPicture: (picture) => go(queries.withOptionsOf(queries.ownPicture(picture), query)),
    onId: alike,
    onRefused: refuse,
  });
  arrive();
  describe();
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

/** Another query in place of this one: going back leads to what was before both. */
function adjust(next) {
  remember('replaceState', next, null);
  query = next;
  show();
}

/** Takes up whatever the address says: on loading, and on going back or forward. */
function arrive() {
  const next = fromAddress(location.href, history.state);
  const same = toAddress(next) === toAddress(query) && next.picture?.bytes.byteLength === query.picture?.bytes.byteLength;
  query = next;
  if (!same || queries.isEmpty(next)) {
    show();
  }
  browsing.show(history.state?.open ?? null);
}

function remember(how, next, opened) {
  const state = { picture: next.picture, open: opened };
  try {
    history[how](state, '', toAddress(next));
  } catch {
    // The picture is too large for this browser's history: going back to it will ask for it again.
    history[how]({ ...state, picture: null }, '', toAddress(next));
  }
}

// ---- What is asked ------------------------------------------------------------------------------------------------

function submit(event) {
  event.preventDefault();
  const next = queries.withOptionsOf(queries.words(byId('words').value), query);
  if (queries.isEmpty(next)) {
    byId('words').focus();
  } else if (next.text === query.text && !queries.isMixed(query)) {
    again(); // The same again means: ask again.
  } else {
    go(next);
  }
}

function again() {
  answers.forget();
  run();
}

/** Words with a minus before them are held against the search. */
function addWords(event) {
  event.preventDefault();
  const field = byId('add-words');
  const [, minus, text] = /^\s*([-\u2212]?)\s*(.*?)\s*$/s.exec(field.value);
  if (text !== '') {
    field.value = '';
    go(queries.mixedWith(query, { text }, minus ? 'less' : 'more'));
  }
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
  view.say(notices.refusal(message));
  scrollTo(0, 0);
}

// ---- Asking --------------------------------------------------------------------------------------------------------

/** Shows the query in its places and asks for its hits. */
function show() {
  const empty = queries.isEmpty(query);
  document.body.classList.toggle('at-start', empty && !query.lost);
  document.title = empty ? TITLE : `${titleOf(query)} · ${TITLE}`;
  byId('words').value = query.text;
  showTerms(byId('terms'), query, { nameOf: (id) => view.nameOf(id), onWeight: adjust, onChange: go });
  byId('add').hidden = empty || isFull(query);
  options.show(query);
  if (!empty) {
    run();
    return;
  }
  pending?.abort();
  view.clear(query);
  if (query.lost) {
    view.say(notices.lostPicture(choose));
  } else if (matchMedia('(hover: hover)').matches) {
    byId('words').focus({ preventScroll: true }); // Not on a phone, where it would raise the keyboard.
  }
}

function titleOf({ text, id, picture }) {
  return text || (picture ? picture.name : `Like picture ${id}`);
}

function run() {
  return asking(async (signal, onWait) => showAnswer(await answers.ask(query, signal, onWait)));
}

async function showMore() {
  const before = results.hits.length;
  await asking(async (signal, onWait) => {
    const further = await answers.further(query, view.answer, signal, onWait);
    query = further.query;
    remember('replaceState', query, null);
    showAnswer(further.answer);
    results.focus(before);
  });
}

/** Does what takes the server; a newer call takes the place of one that is under way. */
async function asking(action) {
  pending?.abort();
  const controller = new AbortController();
  pending = controller;
  const loading = setTimeout(() => view.busy('Searching…'), LOADING_SHOWS_AFTER_MS);
  const onWait = (why) => {
    clearTimeout(loading); // Or it says the less of the two once more.
    view.busy(notices.waiting(why));
  };
  try {
    await action(controller.signal, onWait);
  } catch (error) {
    if (!controller.signal.aborted) {
      fail(error);
    }
  } finally {
    clearTimeout(loading);
    if (pending === controller) {
      pending = null;
      view.idle();
    }
  }
}

function fail(error) {
  view.clear(query);
  if (query.options.filter && error.status === 400 && /^filter\b|'filter'/.test(error.message)) {
    options.complain(error.message);
    view.say();
    return;
  }
  const onPlain = () => go({ ...query, options: queries.NO_OPTIONS });
  view.say(notices.failure(error, query, { onRetry: again, onChoose: choose, onPlain }));
}

function showAnswer(answer) {
  view.show(answer, query, answers.hasMore(query, answer));
  options.offer();
  browsing.show(history.state?.open ?? null);
}

/** The hits behind one that stands for its near duplicates: the same search, ungrouped, has them with all that is known. */
async function others(hit) {
  const ungrouped = queries.withOptions(query, { group: null });
  const answer = await answers.ask({ ...ungrouped, k: query.k }, new AbortController().signal, () => {}).catch(() => ({ hits: [] }));
  const known = new Map(answer.hits.map((other) => [other.id, other]));
  return hit.duplicates.map((id) => known.get(id) ?? { id });
}

async function describe() {
  const told = await info();
  options.describe(told?.columns);
  if (told !== null) {
    answers.limit(told.limits.maxK);
    byId('words').maxLength = told.limits.maxTextLength;
    view.describe(told);
  }
}

function announce(text) {
  byId('announcement').textContent = text;
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
