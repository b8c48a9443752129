/** The grid of hits: rows of pictures at their own proportions, walked with the arrow keys. */

import { toAddress } from './address.js';
import { thumbnail } from './api.js';
import { element, icon } from './dom.js';
import { hitStanding } from './explanation.js';
import { nameOf, score } from './format.js';
import { alike } from './query.js';

/** Beyond these proportions a tile shows the middle of a picture; the detail shows all of it. */
const NARROWEST = 0.62;
const WIDEST = 2.4;

/** Sharp enough for one and for two device pixels per pixel of the page; the browser knows which it has. */
const THUMBNAIL_SIZES = [256, 512];

/** How high the rows of page.css come out on a desk. */
const USUAL_ROW_PIXELS = 190;

/** Loaded at once; the others when they come near the window. */
const LOADED_AT_ONCE = 12;

export class Results {
  #grid;
  #actions;
  #answered = [];
  #hits = [];
  #opened = new Map();
  #walked = null;

  /**
   * @param grid the list element
   * @param actions `open(hit)` to look at, `alike(id)` to search with, `mix(id, how)` to add ('more') or hold against ('less'),
   *     `others(hit)` promises the hits that are near duplicates of one, `announce(text)`
   */
  constructor(grid, actions) {
    this.#grid = grid;
    this.#actions = actions;
    grid.addEventListener('keydown', (event) => this.#walk(event));
    grid.addEventListener('focusin', (event) => this.#enter(event.target.closest('.tile')));
  }

  /** As they are shown, those of opened groups among them. */
  get hits() {
    return this.#hits;
  }

  /**
   * Shows the hits of a query; tiles of pictures that were there before stay, so that nothing flickers or loads again.
   * The grid's `data-of` says whose hits these are.
   */
  show(hits, address) {
    if (this.#grid.dataset.of !== address) {
      this.#opened.clear();
    }
    this.#grid.dataset.of = address;
    this.#answered = hits;
    this.#draw();
    this.#enter(this.#grid.firstElementChild);
  }

  #draw() {
    const before = new Map([...this.#grid.children].map((tile) => [tile.dataset.id, tile]));
    const members = new Set([...this.#opened.values()].flat().map(({ id }) => id));
    this.#hits = this.#answered.flatMap((hit) => [hit, ...(this.#opened.get(hit.id) ?? [])]);
    this.#grid.replaceChildren(...this.#hits.map((hit, place) => {
      const tile = before.get(String(hit.id)) ?? this.#tile(hit, place);
      tile.classList.toggle('member', members.has(hit.id));
      this.#dress(tile, hit);
      return tile;
    }));
  }

  /** What another answer may say differently of the same picture. */
  #dress(tile, hit) {
    const shown = tile.querySelector('.score');
    shown.textContent = hit.score === undefined ? '' : score(hit.score);
    shown.title = ['Similarity: the inner product, higher is nearer', hitStanding(hit)].filter(Boolean).join('; ');
    const label = tile.querySelector('.facet-label');
    label.textContent = hit.facet ?? '';
    label.hidden = !hit.facet;
    tile.querySelector('.group')?.remove();
    const others = hit.duplicates?.length ?? 0;
    if (others > 0) {
      tile.append(this.#groupButton(hit, others));
    }
  }

  #groupButton(hit, others) {
    const opened = this.#opened.has(hit.id);
    const what = `${others} near ${others === 1 ? 'duplicate' : 'duplicates'} of ${nameOf(hit)}`;
    return element('button', {
      type: 'button', className: 'group', tabIndex: -1, 'aria-expanded': String(opened),
      'aria-label': `${opened ? 'Hide' : 'Show'} ${what}`, title: `${opened ? 'Hide' : 'Show'} near duplicates (D)`,
      onclick: () => this.#toggleGroup(hit),
    }, opened ? '−' : '+', String(others));
  }

  async #toggleGroup(hit) {
    const address = this.#grid.dataset.of;
    if (!this.#opened.delete(hit.id)) {
      const others = await this.#actions.others(hit);
      if (this.#grid.dataset.of !== address) {
        return; // The visitor has gone on.
      }
      this.#opened.set(hit.id, others);
      this.#actions.announce(`${others.length} near ${others.length === 1 ? 'duplicate' : 'duplicates'} shown`);
    }
    this.#draw();
    const tile = this.#grid.children[this.#hits.findIndex(({ id }) => id === hit.id)];
    this.#enter(tile);
    tile.querySelector('.group').focus();
  }

  /** Moves the keyboard to the hit at this place. */
  focus(place) {
    this.#grid.children[place]?.querySelector('.open').focus();
  }

  #tile(hit, place) {
    const name = nameOf(hit);
    const aspect = Math.min(Math.max(hit.width / hit.height || 1, NARROWEST), WIDEST);
    const image = element('img', {
      alt: '', width: hit.width || 256, height: hit.height || 256, decoding: 'async',
      loading: place < LOADED_AT_ONCE ? 'eager' : 'lazy', draggable: true,
    });
    image.addEventListener('load', () => image.classList.add('loaded'));
    image.addEventListener('error', () => tile.classList.add('unavailable'));
    const tile = element('li', { className: 'tile' },
      element('button', {
        className: 'open', type: 'button', tabIndex: -1, title: name, 'aria-label': name,
        'aria-haspopup': 'dialog', onclick: () => this.#actions.open(hit),
      }, image, element('span', { className: 'missing' }, 'No picture'), element('span', { className: 'facet-label', dir: 'auto' })),
      element('div', { className: 'over' }, element('a', {
        className: 'like', href: toAddress(alike(hit.id)), tabIndex: -1, title: 'More like this (M)',
        'aria-label': `More like ${name}`, onclick: (event) => this.#follow(event, hit.id),
      }, icon('alike'), element('span', {}, 'More like this')),
      this.#mixButton(hit, name, 'more', 'plus', `Add ${name} to the search`, 'Add to the search (+)'),
      this.#mixButton(hit, name, 'less', 'minus', `Hold ${name} against the search`, 'Less like this (-)')),
      element('p', { className: 'under' },
        element('span', { className: 'name', dir: 'auto' }, name),
        element('span', { className: 'score' })));
    tile.dataset.id = hit.id;
    tile.style.setProperty('--aspect', aspect.toFixed(3));
    image.sizes = `(max-width: 760px) 46vw, ${Math.round(aspect * USUAL_ROW_PIXELS)}px`;
    image.srcset = THUMBNAIL_SIZES.map((size) => `${thumbnail(hit.id, size)} ${Math.round(size * Math.min(1, aspect))}w`).join(', ');
    image.src = thumbnail(hit.id);
    return tile;
  }

  #mixButton(hit, name, how, symbol, label, title) {
    return element('button', {
      type: 'button', className: 'mix', tabIndex: -1, 'aria-label': label, title, onclick: () => this.#actions.mix(hit.id, how),
    }, icon(symbol));
  }

  #follow(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return; // The visitor wants it in another tab or window.
    }
    event.preventDefault();
    this.#actions.alike(id);
  }

  /** One tile at a time is on the Tab key's way; the arrow keys go to the others. */
  #enter(tile) {
    if (!tile) {
      return;
    }
    this.#grid.querySelectorAll('[tabindex="0"]').forEach((other) => {
      other.tabIndex = -1;
    });
    tile.querySelectorAll('a, button').forEach((own) => {
      own.tabIndex = 0;
    });
  }

  #walk(event) {
    const tile = event.target.closest('.tile');
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const action = this.#actionOf(event.key.toLowerCase(), Number(tile.dataset.id));
    if (action) {
      event.preventDefault();
      action();
      return;
    }
    const next = this.#next(tile, event.key);
    if (next) {
      event.preventDefault();
      next.querySelector('.open').focus();
    }
  }

  #actionOf(key, id) {
    const hit = this.#hits.find((other) => other.id === id);
    return {
      m: () => this.#actions.alike(id),
      '+': () => this.#actions.mix(id, 'more'),
      '-': () => this.#actions.mix(id, 'less'),
      ...(hit?.duplicates?.length > 0 ? { d: () => this.#toggleGroup(hit) } : {}),
    }[key];
  }

  #next(tile, key) {
    switch (key) {
      case 'ArrowRight':
        return tile.nextElementSibling;
      case 'ArrowLeft':
        return tile.previousElementSibling;
      case 'ArrowDown':
        return this.#inRow(tile, 1);
      case 'ArrowUp':
        return this.#inRow(tile, -1);
      case 'Home':
        return this.#grid.firstElementChild;
      case 'End':
        return this.#grid.lastElementChild;
      default:
        return null;
    }
  }

  /**
   * The tile of the next row down (1) or up (-1) that is nearest to the column where walking up and down began, so that the
   * way back leads to the same tiles.
   */
  #inRow(tile, direction) {
    const middle = (other) => other.offsetLeft + other.offsetWidth / 2;
    const step = (other) => (direction > 0 ? other.nextElementSibling : other.previousElementSibling);
    const column = this.#walked?.to === tile ? this.#walked.column : middle(tile);
    let other = step(tile);
    while (other && other.offsetTop === tile.offsetTop) {
      other = step(other);
    }
    let nearest = other;
    for (const row = other?.offsetTop; other && other.offsetTop === row; other = step(other)) {
      if (Math.abs(middle(other) - column) < Math.abs(middle(nearest) - column)) {
        nearest = other;
      }
    }
    this.#walked = { to: nearest ?? tile, column };
    return nearest;
  }
}
