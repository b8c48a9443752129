/** What a search is made of, where that is more than the words in the box: one chip per picture. */

import { thumbnail } from './api.js';
import { element, icon } from './dom.js';
import { unmixed, withoutStart } from './query.js';

let preview = null;

/**
 * Shows the pictures of a query.
 *
 * @param list the list element
 * @param nameOf what to call the indexed picture with an id
 * @param onChange called with the query that is left when one is taken away
 */
export function showTerms(list, query, { nameOf, onChange }) {
  URL.revokeObjectURL(preview);
  preview = null;
  const chips = [];
  if (query.picture) {
    preview = URL.createObjectURL(new Blob([query.picture.bytes], { type: query.picture.type }));
    chips.push(chip(preview, 'Like', query.picture.name, () => onChange(withoutStart(query))));
  } else if (query.id !== null) {
    chips.push(chip(thumbnail(query.id), 'Like', nameOf(query.id), () => onChange(withoutStart(query))));
  }
  for (const id of query.more) {
    chips.push(chip(thumbnail(id), 'and like', nameOf(id), () => onChange(unmixed(query, id))));
  }
  for (const id of query.less) {
    chips.push(chip(thumbnail(id), 'less like', nameOf(id), () => onChange(unmixed(query, id)), 'less'));
  }
  list.replaceChildren(...chips);
  list.hidden = chips.length === 0;
}

function chip(source, how, what, onRemove, kind = '') {
  const image = element('img', { src: source, alt: '', width: 36, height: 36 });
  image.addEventListener('error', () => image.remove());
  return element('li', { className: `term ${kind}` }, image,
    element('span', { className: 'how' }, how), ' ', element('span', { className: 'what', dir: 'auto' }, what),
    element('button', { type: 'button', 'aria-label': `Remove: ${how} ${what}`, title: 'Remove', onclick: onRemove }, icon('close')));
}
