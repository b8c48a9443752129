/**
 * What is searched for, and how the address says it.
 *
 * A query starts from one of three things: words (`text`), a picture of the index (`id`) or the visitor's own picture
 * (`picture`); `more` and `less` are ids of indexed pictures mixed in or held against it. The address holds all of it
 * but the visitor's picture, which travels in the state of the history entry: it survives going back and reloading,
 * not being sent to somebody else.
 */

export const PAGE_SIZE = 30;

/** The most hits that the page asks for; the grid stays quick and the address honest. */
export const MOST_HITS = 600;

/** Against an anchor of 1: enough to turn the results away, too little to drown what was asked for. */
const LESS_WEIGHT = -0.5;

const NOTHING = Object.freeze({ text: '', id: null, picture: null, more: [], less: [], k: PAGE_SIZE, lost: false });

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

/** With the indexed picture mixed in (`sign` 1) or held against the query (-1). */
export function mixed(query, id, sign) {
  const more = query.more.filter((other) => other !== id);
  const less = query.less.filter((other) => other !== id);
  (sign > 0 ? more : less).push(id);
  return { ...query, more, less, k: PAGE_SIZE };
}

/** Without one mixed-in picture. */
export function unmixed(query, id) {
  return {
    ...query,
    more: query.more.filter((other) => other !== id),
    less: query.less.filter((other) => other !== id),
    k: PAGE_SIZE,
  };
}

/** Without what it started from; the first picture that was mixed in takes its place. */
export function withoutStart(query) {
  const [next, ...more] = query.more;
  return next === undefined ? NOTHING : { ...NOTHING, id: next, more, less: query.less };
}

/** Reads an address and the state kept with its history entry. */
export function fromAddress(address, state) {
  const parameters = new URL(address).searchParams;
  const own = parameters.has('picture');
  const id = idsIn(parameters.get('id'))[0] ?? null;
  const k = Number.parseInt(parameters.get('k') ?? '', 10);
  return {
    text: own || id !== null ? '' : (parameters.get('q') ?? '').trim(),
    id: own ? null : id,
    picture: own ? (state?.picture ?? null) : null,
    more: idsIn(parameters.get('more')),
    less: idsIn(parameters.get('less')),
    k: Number.isInteger(k) ? Math.min(Math.max(k, 1), MOST_HITS) : PAGE_SIZE,
    lost: own && !state?.picture,
  };
}

/** The relative address of a query, `./` for none. */
export function toAddress(query) {
  const parameters = new URLSearchParams();
  if (query.picture) {
    parameters.set('picture', query.picture.name);
  } else if (query.id !== null) {
    parameters.set('id', query.id);
  } else if (query.text) {
    parameters.set('q', query.text);
  }
  if (query.more.length > 0) {
    parameters.set('more', query.more.join(','));
  }
  if (query.less.length > 0) {
    parameters.set('less', query.less.join(','));
  }
  if (query.k !== PAGE_SIZE) {
    parameters.set('k', query.k);
  }
  const written = parameters.toString().replaceAll('%2C', ',');
  return written ? `./?${written}` : './';
}

/** The weighted terms of a query, as `POST /search` takes them. */
export async function terms(query) {
  const all = [];
  if (query.picture) {
    all.push({ image: await base64(query.picture.bytes), weight: 1 });
  } else if (query.id !== null) {
    all.push({ id: query.id, weight: 1 });
  } else if (query.text) {
    all.push({ text: query.text, weight: 1 });
  }
  query.more.forEach((id) => all.push({ id, weight: 1 }));
  query.less.forEach((id) => all.push({ id, weight: LESS_WEIGHT }));
  return all;
}

export function isMixed(query) {
  return query.more.length + query.less.length > 0;
}

function idsIn(list) {
  return (list ?? '').split(',').filter((part) => /^\d{1,15}$/.test(part)).map(Number);
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
