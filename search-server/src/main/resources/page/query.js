/**
 * What is searched for.
 *
 * A query starts from one of three things: words (`text`), a picture of the index (`id`) or the visitor's own picture
 * (`picture`), which counts with `weight`. `mixed` are words and pictures of the index added to it or, with a negative
 * weight, held against it. `options` say which hits are wanted, whatever is searched for.
 */

export const PAGE_SIZE = 30;

/** The most hits that the page asks for; the grid stays quick and the address honest. */
export const MOST_HITS = 600;

/** The most terms besides the start; servers take 32. */
export const MOST_MIXED = 12;

/** Against a start of 1: enough to turn the results away, too little to drown what was asked for. */
export const USUAL_WEIGHT = Object.freeze({ more: 1, less: -0.5 });

export const HEAVIEST = 3;
export const WEIGHT_STEP = 0.25;

/**
 * `group` is the similarity from which on pictures count as one, or null; `standing` leaves out what does not stand out;
 * `filter` is a condition in the server's words; `labels` sort the hits and `label` keeps those of one.
 */
export const NO_OPTIONS = Object.freeze({ group: null, standing: false, filter: '', labels: [], label: null });

const NOTHING = Object.freeze({
  text: '', id: null, picture: null, weight: 1, mixed: [], k: PAGE_SIZE, lost: false, options: NO_OPTIONS,
});

export function nothing() {
  return NOTHING;
}

export function words(text) {
  return { ...NOTHING, text: text.trim() };
}

export function alike(id) {
  return { ...NOTHING, id };
}

/** @param picture as picture.js prepares it: `{bytes, type, name}` */
export function ownPicture(picture) {
  return { ...NOTHING, picture };
}

export function isEmpty(query) {
  return !query.text && query.id === null && !query.picture;
}

/** Another query with the options of one before; a label that was kept says nothing about other hits. */
export function withOptionsOf(query, before) {
  return { ...query, options: { ...before.options, label: null } };
}

/** @param change some of the options */
export function withOptions(query, change) {
  return { ...query, k: PAGE_SIZE, options: { ...query.options, ...change } };
}

/**
 * All that a query is made of, the start first, as `{key, text?, id?, picture?, weight}`; `key` names the part to
 * `weighted` and `without`.
 */
export function parts(query) {
  const { text, id, picture, weight } = query;
  const start = picture ? { picture } : id !== null ? { id } : { text };
  return [
    ...(isEmpty(query) ? [] : [{ key: 'start', ...start, weight }]),
    ...query.mixed.map((part, place) => ({ key: String(place), ...part })),
  ];
}

/** With words or an indexed picture, `{text}` or `{id}`, added (`how` is 'more') or held against it ('less'). */
export function mixedWith(query, part, how) {
  const same = (other) => other.text === part.text && other.id === part.id;
  const others = query.mixed.filter((other) => !same(other));
  const mixed = [...others, { ...part, weight: USUAL_WEIGHT[how] }].slice(-MOST_MIXED);
  return { ...query, mixed, k: PAGE_SIZE };
}

/** With another weight for one part. */
export function weighted(query, key, weight) {
  if (key === 'start') {
    return { ...query, weight, k: PAGE_SIZE };
  }
  const mixed = query.mixed.map((part, place) => (String(place) === key ? { ...part, weight } : part));
  return { ...query, mixed, k: PAGE_SIZE };
}

/** A step up (1) or down (-1); nothing has the weight 0, so that is stepped over. */
export function stepped(weight, direction) {
  const next = weight + direction * WEIGHT_STEP;
  const whole = Math.round((next === 0 ? direction * WEIGHT_STEP : next) * 100) / 100;
  return Math.min(Math.max(whole, -HEAVIEST), HEAVIEST);
}

/** Without one part. The first that was added takes the place of the start; without any, nothing is left to search for. */
export function without(query, key) {
  if (key !== 'start') {
    return { ...query, mixed: query.mixed.filter((part, place) => String(place) !== key), k: PAGE_SIZE };
  }
  const place = query.mixed.findIndex(({ weight }) => weight > 0);
  if (place < 0) {
    return { ...NOTHING, options: query.options };
  }
  const next = query.mixed[place];
  const mixed = query.mixed.filter((part) => part !== next);
  return { ...NOTHING, ...next, mixed, options: query.options };
}

/** Whether it takes weighted terms to say it. */
export function isMixed(query) {
  return query.mixed.length > 0 || query.weight !== 1;
}
