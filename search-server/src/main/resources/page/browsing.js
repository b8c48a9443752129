/** Going from hit to hit in the detail. What is open is part of the history, so that the back button, which phones have at hand, closes it. */

export class Browsing {
  #results;
  #detail;
  #remember;

  /**
   * @param results the grid
   * @param detail the dialog
   * @param remember called with how, `pushState` or `replaceState`, and the id of the hit that is open
   */
  constructor(results, detail, remember) {
    this.#results = results;
    this.#detail = detail;
    this.#remember = remember;
  }

  open(hit) {
    this.#remember('pushState', hit.id);
    this.show(hit.id);
  }

  /** To the hit before (-1) or after (1). */
  step(direction) {
    const next = this.#results.hits[this.#placeOf(this.#detail.hit?.id) + direction];
    if (next) {
      this.#remember('replaceState', next.id);
      this.show(next.id);
    }
  }

  leave() {
    if (history.state?.open != null) {
      history.back();
    } else {
      this.#detail.close();
    }
  }

  /** Shows what the history says is open: a hit's id, or null. */
  show(id) {
    const { hits } = this.#results;
    const place = id === null ? -1 : this.#placeOf(id);
    if (place >= 0) {
      this.#detail.show(hits[place], { first: place === 0, last: place === hits.length - 1 });
      return;
    }
    const closed = this.#detail.hit;
    if (closed && id === null) {
      this.#detail.close();
      this.#results.focus(this.#placeOf(closed.id));
    }
  }

  #placeOf(id) {
    return this.#results.hits.findIndex((hit) => hit.id === id);
  }
}
