/** Which hits are wanted, whatever is searched for: the row of switches over the hits and what opens under it. */

import { takes } from './api.js';
import { labelsIn } from './address.js';
import { byId, element } from './dom.js';
import { withOptions } from './query.js';

/** Pictures that clip-retrieval takes for the same; crops and copies of one picture are above it with most models. */
export const USUAL_GROUP = 0.94;

/** Columns offered as buttons; an index with more has them named in the server's own message. */
const MOST_COLUMNS = 24;

const PANELS = ['filter-panel', 'labels-panel', 'group-panel', 'explanation'];

export class Options {
  #onChange;
  #query = null;
  #columns;

  /** @param onChange called with the query to go to */
  constructor(onChange) {
    this.#onChange = onChange;
    PANELS.forEach((panel) => this.#opener(panel));
    byId('filter-panel').addEventListener('submit', (event) => this.#submit(event, { filter: byId('filter').value.trim() }));
    byId('labels-panel').addEventListener('submit', (event) => this.#label(event));
    byId('clear-filter').addEventListener('click', () => this.#change({ filter: '' }));
    byId('clear-labels').addEventListener('click', () => this.#change({ labels: [], label: null }));
    byId('group').addEventListener('change', () => this.#change({ group: byId('group').checked ? Number(byId('closeness').value) : null }));
    byId('closeness').addEventListener('input', () => {
      byId('closeness-shown').textContent = byId('closeness').value;
    });
    byId('closeness').addEventListener('change', () => byId('group').checked && this.#change({ group: Number(byId('closeness').value) }));
    byId('standing').addEventListener('click', () => this.#change({ standing: !this.#query.options.standing }));
  }

  /** Shows what a query has of them. */
  show(query) {
    const before = this.#query?.options;
    this.#query = query;
    const { group, standing, filter, labels } = query.options;
    byId('filter').value = filter;
    byId('labels').value = labels.join(', ');
    byId('labels-problem').hidden = true;
    byId('group').checked = group !== null;
    byId('closeness').value = group ?? USUAL_GROUP;
    byId('closeness-shown').textContent = String(group ?? USUAL_GROUP);
    byId('standing').setAttribute('aria-pressed', String(standing));
    for (const [panel, on] of [['filter-panel', filter !== ''], ['labels-panel', labels.length > 0], ['group-panel', group !== null]]) {
      opener(panel).classList.toggle('on', on);
    }
    this.offer();
    if (before === undefined) {
      open('filter-panel', filter !== ''); // Whoever was sent the address sees what holds.
      open('labels-panel', labels.length > 0);
    }
    this.complain(null);
  }

  /** Says what the server has against the filter, where it stands; null takes it back. */
  complain(message) {
    const problem = byId('filter-problem');
    problem.textContent = message ?? '';
    problem.hidden = message === null;
    if (message === null) {
      byId('filter').removeAttribute('aria-invalid');
    } else {
      byId('filter').setAttribute('aria-invalid', 'true');
      open('filter-panel', true);
    }
  }

  /** @param columns as `/info` has them, `{name, type}`; none or undefined where the index cannot be filtered */
  describe(columns) {
    this.#columns = columns?.length > 0 ? columns : undefined;
    this.offer();
    byId('columns').replaceChildren(...(columns ?? []).slice(0, MOST_COLUMNS).map((column) => element('li', {},
      element('button', {
        type: 'button', className: 'chip small', title: `${column.name}: ${column.type}`, onclick: () => insert(begun(column)),
      }, begun(column)))));
  }

  /** What the server cannot do is not offered, but shown where the address asks for it. */
  async offer() {
    const { group, standing, filter, labels } = this.#query.options;
    opener('filter-panel').hidden = this.#columns === undefined && filter === '';
    opener('labels-panel').hidden = labels.length === 0 && !(await takes('facets'));
    opener('group-panel').hidden = group === null && !(await takes('nearDuplicates'));
    byId('standing').hidden = !standing && !(await takes('cutoff'));
  }

  #label(event) {
    event.preventDefault();
    const labels = labelsIn(byId('labels').value);
    byId('labels-problem').hidden = labels.length !== 1;
    if (labels.length !== 1) {
      this.#change({ labels, label: null });
    }
  }

  #submit(event, change) {
    event.preventDefault();
    this.#change(change);
  }

  #change(change) {
    this.#onChange(withOptions(this.#query, change));
  }

  #opener(panel) {
    opener(panel).addEventListener('click', () => {
      open(panel, byId(panel).hidden);
      if (!byId(panel).hidden) {
        byId(panel).querySelector('input')?.focus();
      }
    });
    byId(panel).addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        open(panel, false);
        opener(panel).focus();
      }
    });
  }
}

function opener(panel) {
  return document.querySelector(`[aria-controls="${panel}"]`);
}

function open(panel, is) {
  byId(panel).hidden = !is;
  opener(panel).setAttribute('aria-expanded', String(is));
}

/** How a condition on a column begins. */
function begun({ name, type }) {
  const plain = /^\w+$/.test(name) ? name : `"${name}"`;
  return { text: `${plain}:`, boolean: `${plain}=true` }[type] ?? `${plain}>=`;
}

/** Puts a condition behind what is there, joined with AND, and leaves the caret behind it. */
function insert(condition) {
  const field = byId('filter');
  const before = field.value.trimEnd();
  const joint = before === '' || /(?:\b(?:AND|OR|NOT)|\()$/i.test(before) ? ' ' : ' AND ';
  field.value = `${before}${joint}${condition}`.trimStart();
  field.focus();
}
