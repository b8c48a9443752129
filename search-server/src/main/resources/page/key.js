/**
 * The key of a server that wants one: asked for when a request was refused without it, kept while the tab is open. Pictures are
 * seen by a cookie that the server gives for it, since a browser sends no key for them.
 */

import { element } from './dom.js';

const KEPT_AS = 'imagesearch-key';

let key = kept();
let asking = null;

/** Settles when pictures can be seen, if there is a key for it. */
export const ready = key ? introduce(key).catch(() => false) : Promise.resolve(false);

/** What goes with every request. */
export function headers() {
  return key ? { 'X-API-Key': key } : {};
}

/** Asks the visitor for a key until the server knows it: true; or until they give up: false. */
export function ask() {
  asking ??= asked().finally(() => {
    asking = null;
  });
  return asking;
}

async function asked() {
  const input = element('input', { type: 'password', required: true, autocomplete: 'off', spellcheck: false });
  const told = element('p', { role: 'alert' });
  const form = element('form', { method: 'dialog' },
    element('label', {}, 'This server is searched with a key. Whoever runs it has one for you.', input), told,
    element('p', { className: 'choices' },
      element('button', { type: 'submit', className: 'button primary' }, 'Use this key'),
      element('button', { type: 'button', className: 'button', onclick: () => dialog.close() }, 'Cancel')));
  const dialog = element('dialog', { className: 'key', 'aria-label': 'The key of this server' }, form);
  return new Promise((resolve) => {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const given = input.value.trim();
      told.textContent = '';
      try {
        if (await introduce(given)) {
          keep(given);
          resolve(true);
          dialog.close();
          return;
        }
        told.textContent = 'The server does not know this key.';
      } catch {
        told.textContent = 'The server could not be reached.';
      }
      input.select();
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(false); // Without effect where the key was good.
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}

/** Whether the server knows a key; if so, pictures can be seen from now on. */
async function introduce(given) {
  const response = await fetch('session', { method: 'POST', headers: { 'X-API-Key': given } });
  return response.ok;
}

function kept() {
  try {
    return sessionStorage.getItem(KEPT_AS);
  } catch {
    return null; // A browser that keeps nothing: the key is asked for again after loading.
  }
}

function keep(given) {
  key = given;
  try {
    sessionStorage.setItem(KEPT_AS, given);
  } catch {
    // It lasts until the page is loaded again.
  }
}
