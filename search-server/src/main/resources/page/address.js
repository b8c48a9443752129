/**
 * How the address of the page says a query. It holds all of it but the visitor's own picture, which travels in the state of
 * the history entry: that survives going back and reloading, not being sent to somebody else.
 *
 * `?q=cat&more=12,15*0.5&less=7&with=snow&without=dog&group=0.94&filter=width>=1024`
 */

import { HEAVIEST, MOST_HITS, MOST_MIXED, NO_OPTIONS, PAGE_SIZE, USUAL_WEIGHT } from './query.js';

const MOST_LABELS = 20;

/** Reads an address and the state kept with its history entry. */
export function fromAddress(address, state) {
  const parameters = new URL(address).searchParams;
  const own = parameters.has('picture');
  const id = idIn(parameters.get('id') ?? '');
  const k = Number.parseInt(parameters.get('k') ?? '', 10);
  return {
    text: own || id !== null ? '' : (parameters.get('q') ?? '').trim(),
    id: own ? null : id,
    picture: own ? (state?.picture ?? null) : null,
    weight: weightIn(parameters.get('weight')) ?? 1,
    mixed: mixedIn(parameters).slice(0, MOST_MIXED),
    k: Number.isInteger(k) ? Math.min(Math.max(k, 1), MOST_HITS) : PAGE_SIZE,
    lost: own && !state?.picture,
    options: optionsIn(parameters),
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
  if (query.weight !== 1) {
    parameters.set('weight', query.weight);
  }
  writeMixed(query.mixed, parameters);
  writeOptions(query.options, parameters);
  if (query.k !== PAGE_SIZE) {
    parameters.set('k', query.k);
  }
  const written = parameters.toString().replaceAll('%2C', ',');
  return written ? `./?${written}` : './';
}

// ---- What is mixed in ---------------------------------------------------------------------------------------------

function mixedIn(parameters) {
  const pictures = (name, how) => (parameters.get(name) ?? '').split(',')
    .map((written) => partIn(written, how))
    .map(({ value, weight }) => ({ id: idIn(value), weight }))
    .filter(({ id }) => id !== null);
  const words = (name, how) => parameters.getAll(name)
    .map((written) => partIn(written, how))
    .map(({ value, weight }) => ({ text: value.trim(), weight }))
    .filter(({ text }) => text !== '');
  return [...pictures('more', 'more'), ...pictures('less', 'less'), ...words('with', 'more'), ...words('without', 'less')];
}

function writeMixed(mixed, parameters) {
  for (const [how, idsName, wordsName] of [['more', 'more', 'with'], ['less', 'less', 'without']]) {
    const these = mixed.filter(({ weight }) => (weight > 0) === (how === 'more'));
    const ids = these.filter(({ id }) => id !== undefined).map(({ id, weight }) => written(String(id), weight, how));
    if (ids.length > 0) {
      parameters.set(idsName, ids.join(','));
    }
    these.filter(({ text }) => text !== undefined)
      .forEach(({ text, weight }) => parameters.append(wordsName, written(text, weight, how)));
  }
}

/** `15*0.5`; without a weight it is the usual one. */
function partIn(text, how) {
  const found = /^(.*)\*(\d+(?:\.\d+)?)$/s.exec(text);
  const weight = found && weightIn(found[2]);
  return weight ? { value: found[1], weight: weight * Math.sign(USUAL_WEIGHT[how]) } : { value: text, weight: USUAL_WEIGHT[how] };
}

function written(value, weight, how) {
  const plain = weight === USUAL_WEIGHT[how] && !/\*[\d.]+$/.test(value);
  return plain ? value : `${value}*${Math.abs(weight)}`;
}

function weightIn(text) {
  const weight = Number.parseFloat(text ?? '');
  return weight !== 0 && Math.abs(weight) <= HEAVIEST ? weight : null;
}

function idIn(text) {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

// ---- Which hits are wanted ------------------------------------------------------------------------------------------

function optionsIn(parameters) {
  const group = Number.parseFloat(parameters.get('group') ?? '');
  const labels = labelsIn(parameters.get('labels') ?? '');
  const label = parameters.get('label');
  return {
    group: group > 0 && group <= 1 ? group : NO_OPTIONS.group,
    standing: parameters.get('standing') === 'out',
    filter: (parameters.get('filter') ?? '').trim(),
    labels,
    label: labels.includes(label) ? label : NO_OPTIONS.label,
  };
}

function writeOptions({ group, standing, filter, labels, label }, parameters) {
  if (group !== null) {
    parameters.set('group', group);
  }
  if (standing) {
    parameters.set('standing', 'out');
  }
  if (filter) {
    parameters.set('filter', filter);
  }
  if (labels.length > 0) {
    parameters.set('labels', labels.join(','));
  }
  if (label !== null) {
    parameters.set('label', label);
  }
}

/** Labels as people type them: `indoor, outdoor`. */
export function labelsIn(text) {
  const labels = text.split(',').map((label) => label.trim()).filter(Boolean);
  return [...new Set(labels)].slice(0, MOST_LABELS);
}
