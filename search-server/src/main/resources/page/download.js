/** The menu of files that the hits shown can be had as. */

import { byId } from './dom.js';
import { fileOf } from './files.js';

export class DownloadMenu {
  #menu = byId('download');

  /** @param what tells what to put into a file: `{answer, title}` */
  constructor(what) {
    this.#menu.addEventListener('click', (event) => {
      const kind = event.target.closest('[data-kind]')?.dataset.kind;
      if (kind) {
        const { answer, title } = what();
        save(fileOf(kind, answer, title));
        this.close();
      }
    });
    addEventListener('click', (event) => {
      if (!this.#menu.contains(event.target)) {
        this.#menu.open = false;
      }
    });
    addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#menu.open) {
        this.close();
      }
    });
  }

  close() {
    this.#menu.open = false;
    this.#menu.querySelector('summary').focus();
  }
}

/** Hands a file to the visitor. */
export function save({ name, type, text }) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // Some browsers read it only after the click has returned.
}
