/** How the hits fall under the visitor's labels: a bar each, which keeps the hits of its label. */

import { element } from './dom.js';
import { count } from './format.js';

const PERCENT = new Intl.NumberFormat('en', { style: 'percent' });

/**
 * @param list the list element
 * @param facets of the answer, `{label, count, share}`, or undefined
 * @param kept the label whose hits alone are shown, or null
 * @param onKeep called with the label to keep, or null for all of them
 */
export function showFacets(list, facets, kept, onKeep) {
  const held = list.contains(document.activeElement) ? document.activeElement.dataset.label : null;
  const most = Math.max(1, ...(facets ?? []).map((facet) => facet.count));
  list.replaceChildren(...(facets ?? []).map((facet) => {
    const bar = element('span', { className: 'bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--share', (facet.count / most).toFixed(4));
    const pressed = facet.label === kept;
    return element('li', {}, element('button', {
      type: 'button', className: 'facet', 'aria-pressed': String(pressed), 'data-label': facet.label,
      title: pressed ? 'Show all labels' : `Show only ${facet.label}`, onclick: () => onKeep(pressed ? null : facet.label),
    }, element('span', { className: 'label', dir: 'auto' }, facet.label), bar,
    element('span', { className: 'amount' }, `${count(facet.count)} (${PERCENT.format(facet.share)})`)));
  }));
  list.hidden = list.childElementCount === 0;
  if (held) {
    [...list.querySelectorAll('button')].find(({ dataset }) => dataset.label === held)?.focus();
  }
}
