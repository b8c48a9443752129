/** The grid of hits: rows of pictures at their own proportions, walked with the arrow keys. */

import { thumbnail } from './api.js';
import { element, icon } from './dom.js';
import { nameOf, score } from './format.js';
import { alike, toAddress } from './query.js';

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
  #onOpen;
  #onAlike;
  #hits = [];
  #walked = null;

  /**
   * @param grid the list element
   * @param onOpen called with the hit to look at
   * @param onAlike called with the id to search with
   */
  constructor(grid, { onOpen, onAlike }) {
    this.#grid = grid;
    this.#onOpen = onOpen;
    this.#onAlike = onAlike;
    grid.addEventListener('keydown', (event) => this.#walk(event));
    grid.addEventListener('focusin', (event) => this.#enter(event.target.closest('.tile')));
  }

  get hits() {
    return this.#hits;
  }

  /**
   * Shows the hits of a query; tiles of pictures that were there before stay, so that nothing flickers or loads again.
   * The grid's `data-of` says whose hits these are.
   */
  show(hits, address) {
    this.#grid.dataset.of = address;
    const before = new Map([...this.#grid.children].map((tile) => [tile.dataset.id, tile]));
    this.#hits = hits;
    this.#grid.replaceChildren(...hits.map((hit, place) => {
      const tile = before.get(String(hit.id)) ?? this.#tile(hit, place);
      tile.querySelector('.score').textContent = score(hit.score);
      return tile;
    }));
    this.#enter(this.#grid.firstElementChild);
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
        'aria-haspopup': 'dialog', onclick: () => this.#onOpen(hit),
      }, image, element('span', { className: 'missing' }, 'No picture')),
      element('a', {
        className: 'like', href: toAddress(alike(hit.id)), tabIndex: -1, title: 'More like this (M)',
        'aria-label': `More like ${name}`, onclick: (event) => this.#follow(event, hit.id),
      }, icon('alike'), element('span', {}, 'More like this')),
      element('p', { className: 'under' },
        element('span', { className: 'name', dir: 'auto' }, name),
        element('span', { className: 'score', title: 'Similarity: the inner product, higher is nearer' })));
    tile.dataset.id = hit.id;
    tile.style.setProperty('--aspect', aspect.toFixed(3));
    image.sizes = `(max-width: 760px) 46vw, ${Math.round(aspect * USUAL_ROW_PIXELS)}px`;
    image.srcset = THUMBNAIL_SIZES.map((size) => `${thumbnail(hit.id, size)} ${Math.round(size * Math.min(1, aspect))}w`).join(', ');
    image.src = thumbnail(hit.id);
    return tile;
  }

  #follow(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return; // The visitor wants it in another tab or window.
    }
    event.preventDefault();
    this.#onAlike(id);
  }

  /** One tile at a time is on the Tab key's way; the arrow keys go to the others. */
  #enter(tile) {
    if (!tile) {
      return;
    }
    this.#grid.querySelectorAll('[tabindex="0"]').forEach((other) => {
      other.tabIndex = -1;
    });
    tile.querySelector('.open').tabIndex = 0;
    tile.querySelector('.like').tabIndex = 0;
  }

  #walk(event) {
    const tile = event.target.closest('.tile');
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key.toLowerCase() === 'm') {
      event.preventDefault();
      this.#onAlike(Number(tile.dataset.id));
      return;
    }
    const next = this.#next(tile, event.key);
    if (next) {
      event.preventDefault();
      next.querySelector('.open').focus();
    }
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
