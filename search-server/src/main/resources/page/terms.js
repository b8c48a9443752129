/** What a search is made of: one chip per picture or words, with its weight, and a field for more words. */

import { thumbnail } from './api.js';
import { element, icon } from './dom.js';
import { HEAVIEST, isMixed, MOST_MIXED, parts, stepped, weighted, without } from './query.js';

let preview = null;

/**
 * Shows the parts of a query. Words alone, which stand in the search box, get no chip.
 *
 * @param list the list element
 * @param nameOf what to call the indexed picture with an id
 * @param onWeight called with the query with another weight
 * @param onChange called with the query that is left when a part is taken away
 */
export function showTerms(list, query, { nameOf, onWeight, onChange }) {
  const held = list.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  URL.revokeObjectURL(preview);
  preview = null;
  const shown = parts(query).filter(({ text }) => text === undefined || isMixed(query));
  list.replaceChildren(...shown.map((part) => {
    const what = part.text ?? part.picture?.name ?? nameOf(part.id);
    return chip(part, what, shown.length > 1, {
      onWeight: (weight) => onWeight(weighted(query, part.key, weight)),
      onRemove: () => onChange(without(query, part.key)),
    });
  }));
  list.hidden = shown.length === 0;
  if (held) {
    list.querySelector(`[data-focus="${held}"]`)?.focus(); // The next step of a weight is one key away.
  }
}

/** Whether there is room for another part. */
export function isFull(query) {
  return query.mixed.length >= MOST_MIXED;
}

function chip(part, what, weighs, { onWeight, onRemove }) {
  const against = part.weight < 0;
  const how = part.text === undefined ? (against ? 'less like' : 'like') : (against ? 'without' : 'with');
  const amount = String(part.weight).replace('-', '−');
  const step = (direction) => element('button', {
    type: 'button', className: 'step', 'data-focus': `${part.key}${direction > 0 ? '+' : '-'}`,
    'aria-label': `${direction > 0 ? 'More' : 'Less'} weight on ${what}, now ${amount}`, title: direction > 0 ? 'More weight' : 'Less weight',
    disabled: Math.abs(part.weight) === HEAVIEST && Math.sign(part.weight) === direction,
    onclick: () => onWeight(stepped(part.weight, direction)),
  }, icon(direction > 0 ? 'plus' : 'minus'));
  return element('li', { className: `term ${against ? 'less' : ''}` },
    imageOf(part),
    element('span', { className: 'how' }, how), ' ', element('span', { className: 'what', dir: 'auto' }, what),
    weighs || part.weight !== 1
      ? element('span', { className: 'weight', role: 'group', 'aria-label': `Weight of ${what}` },
        step(-1), element('span', { className: 'amount' }, amount), step(1))
      : null,
    element('button', {
      type: 'button', className: 'remove', 'aria-label': `Remove: ${how} ${what}`, title: 'Remove', onclick: onRemove,
    }, icon('close')));
}

function imageOf({ id, picture }) {
  if (id === undefined && !picture) {
    return null;
  }
  if (picture) {
    preview = URL.createObjectURL(new Blob([picture.bytes], { type: picture.type }));
  }
  const image = element('img', { src: picture ? preview : thumbnail(id, 64), alt: '', width: 32, height: 32 });
  image.addEventListener('error', () => image.remove());
  return image;
}
