/** One hit, large, in a dialog. */

import { toAddress } from './address.js';
import { original, thumbnail } from './api.js';
import { element, icon } from './dom.js';
import { hitStanding } from './explanation.js';
import { nameOf, score } from './format.js';
import { alike } from './query.js';

export class Detail {
  #dialog;
  #actions;
  #hit = null;

  /**
   * @param dialog the dialog element
   * @param actions `alike(id)`, `mix(id, how)` with 'more' or 'less', `step(direction)` to the hit before or after, `close()` when the
   *     visitor wants to leave, `announce(text)`
   */
  constructor(dialog, actions) {
    this.#dialog = dialog;
    this.#actions = actions;
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      actions.close();
    });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) {
        actions.close(); // The backdrop belongs to the dialog element, everything else to what is in it.
      }
    });
    dialog.addEventListener('keydown', (event) => this.#key(event));
  }

  get hit() {
    return this.#dialog.open ? this.#hit : null;
  }

  /** Shows a hit. */
  show(hit, { first, last }) {
    const held = this.#dialog.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    this.#hit = hit;
    this.#dialog.replaceChildren(element('div', { className: 'sheet' },
      this.#stage(hit, first, last), this.#about(hit),
      this.#button('close', 'close', 'Close', 'round close', () => this.#actions.close())));
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    const again = held && this.#dialog.querySelector(`[data-action="${held}"]:not(:disabled)`);
    (again ?? this.#dialog.querySelector('[data-action="alike"]')).focus();
  }

  close() {
    this.#dialog.close();
  }

  #stage(hit, first, last) {
    const image = element('img', {
      alt: nameOf(hit), width: hit.width || 512, height: hit.height || 512, src: thumbnail(hit.id),
    });
    const stage = element('div', { className: 'stage' }, image,
      this.#button('previous', 'previous', 'Previous picture', 'round previous', () => this.#actions.step(-1), first),
      this.#button('next', 'next', 'Next picture', 'round next', () => this.#actions.step(1), last));
    this.#sharpen(hit, image, stage);
    return stage;
  }

  /** The thumbnail, which is there already, gives way to the picture itself once that can be drawn. */
  async #sharpen(hit, image, stage) {
    const large = new Image();
    large.src = original(hit.id);
    try {
      await large.decode();
      image.src = large.src;
    } catch {
      stage.append(element('p', { className: 'remark' }, 'Only the thumbnail is at hand: the original could not be loaded.'));
    }
  }

  #about(hit) {
    const facts = [
      ['Similarity', hit.score === undefined ? null : score(hit.score)],
      ['Stands', hitStanding(hit)],
      ['Label', hit.facet],
      ['Size', hit.width && hit.height ? `${hit.width} × ${hit.height}` : null],
      ['Id', String(hit.id)],
      ['Address', this.#uri(hit.uri)],
      ...Object.entries(hit.columns ?? {}).map(([column, value]) => [column, written(value)]),
    ].filter(([, value]) => value);
    return element('div', { className: 'about' },
      element('h2', { id: 'detail-name', dir: 'auto' }, nameOf(hit)),
      element('div', { className: 'actions' },
        element('a', {
          className: 'button primary', href: toAddress(alike(hit.id)), 'data-action': 'alike',
          onclick: (event) => this.#follow(event, hit.id),
        }, icon('alike'), 'More like this'),
        this.#button('plus', 'plus', 'Add to search', 'button', () => this.#actions.mix(hit.id, 'more')),
        this.#button('minus', 'minus', 'Less like this', 'button', () => this.#actions.mix(hit.id, 'less')),
        element('a', {
          className: 'button', href: original(hit.id), target: '_blank', rel: 'noopener', 'data-action': 'open',
        }, icon('open'), 'Open original'),
        this.#button('link', 'link', 'Copy link', 'button', () => this.#copyLink(hit.id))),
      element('dl', {}, ...facts.flatMap(([term, value]) => [element('dt', { dir: 'auto' }, term), element('dd', { dir: 'auto' }, value)])));
  }

  #uri(uri) {
    if (!uri) {
      return null;
    }
    return /^https?:/i.test(uri)
      ? element('a', { href: uri, target: '_blank', rel: 'noopener noreferrer' }, uri)
      : element('span', { className: 'uri' }, uri);
  }

  #button(action, symbol, label, className, onclick, disabled = false) {
    const bare = className.startsWith('round');
    return element('button', {
      type: 'button', className, onclick, disabled, title: bare ? label : undefined,
      'aria-label': bare ? label : undefined, 'data-action': action,
    }, icon(symbol), bare ? null : element('span', {}, label));
  }

  #follow(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    this.#actions.alike(id);
  }

  async #copyLink(id) {
    const copied = await copy(new URL(original(id), location.href).href);
    const label = this.#dialog.querySelector('[data-action="link"] span');
    label.textContent = copied ? 'Copied' : 'Not copied';
    this.#actions.announce(copied ? 'Link copied' : 'The browser did not let the link be copied');
    setTimeout(() => {
      label.textContent = 'Copy link';
    }, 2000);
  }

  #key(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.#actions.step(direction);
    }
  }
}

/** The value of a column of the input's own. */
function written(value) {
  return value === null || value === undefined ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Copies a text; browsers keep their clipboard from pages served by plain HTTP from another host, hence the old way. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element('textarea', { className: 'hidden', value: text });
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    return copied;
  }
}
