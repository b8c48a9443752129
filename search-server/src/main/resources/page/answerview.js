/** What the page shows of an answer, or of the lack of one, around the grid of hits. */

import { toAddress } from './address.js';
import { foundIn } from './answers.js';
import { byId, element } from './dom.js';
import { explanation } from './explanation.js';
import { showFacets } from './facets.js';
import { count, nameOf, pictures } from './format.js';
import * as notices from './notices.js';
import { isEmpty } from './query.js';

export class AnswerView {
  #results;
  #actions;
  #answer = null;
  #query = null;
  #info = null;

  /**
   * @param results the grid
   * @param actions `again()`, `change(options)`, `nameOf(id)` for pictures that this answer does not have
   */
  constructor(results, actions) {
    this.#results = results;
    this.#actions = actions;
  }

  /** What is shown, or null. */
  get answer() {
    return this.#answer;
  }

  /** @param more whether there may be more hits */
  show(answer, query, more) {
    this.#answer = answer;
    this.#query = query;
    const none = answer.hits.length === 0;
    this.#results.show(answer.hits, toAddress(query));
    document.body.classList.toggle('no-hits', none);
    this.#reveal({ tools: true, download: !none, explain: true, status: true, further: more });
    this.#tell();
    showFacets(byId('facets'), answer.facets, query.options.label, (label) => this.#actions.change({ label }));
    byId('notices').replaceChildren(...[
      notices.degradation(answer, this.#actions.again),
      none ? notices.noHits(query.options, this.#actions.change) : null,
    ].filter(Boolean));
  }

  /** Shows no answer. */
  clear(query) {
    this.#answer = null;
    this.#results.show([], toAddress(query));
    showFacets(byId('facets'), [], null, null);
    document.body.classList.remove('no-hits');
    this.#reveal({ tools: !isEmpty(query), download: false, explain: false, status: false, further: false });
    byId('count').textContent = '';
    byId('explained').replaceChildren();
    this.say();
  }

  /** Says something in place of what was said before. */
  say(...said) {
    byId('notices').replaceChildren(...said);
  }

  /** Shows that the server is at work, and what it does. */
  busy(text) {
    byId('progress').hidden = false;
    if (this.#answer === null) {
      byId('status').hidden = false;
      byId('facts').replaceChildren();
      this.say();
    }
    byId('count').textContent = text;
    byId('grid').setAttribute('aria-busy', 'true');
  }

  idle() {
    byId('progress').hidden = true;
    byId('grid').setAttribute('aria-busy', 'false');
    if (this.#answer === null) {
      byId('count').textContent = '';
    } else {
      this.#tell();
    }
  }

  /** @param info what the server tells of itself */
  describe(info) {
    this.#info = info;
    if (this.#answer !== null) {
      this.#tell();
    }
    const shards = `${count(info.shards.served.length)} ${info.shards.total === 1 ? 'shard' : 'shards'}`;
    const parts = [pictures(info.pictures), shards, info.model.name, info.generation];
    byId('foot').replaceChildren(...parts.map((part) => element('span', {}, part)));
  }

  /** What to call an indexed picture. */
  nameOf(id) {
    const hit = this.#answer?.hits.find((other) => other.id === id);
    return hit ? nameOf(hit) : this.#actions.nameOf(id);
  }

  #tell() {
    const line = notices.countLine(this.#answer, foundIn(this.#answer), this.#info?.pictures ?? 0);
    if (byId('count').textContent !== line) {
      byId('count').textContent = line; // Said aloud: once is enough.
    }
    byId('facts').replaceChildren(...notices.facts(this.#answer));
    byId('explained').replaceChildren(...explanation(this.#answer, this.#query, this.#info, (id) => this.nameOf(id)));
  }

  #reveal(parts) {
    Object.entries(parts).forEach(([id, is]) => {
      byId(id).hidden = !is;
    });
  }
}
