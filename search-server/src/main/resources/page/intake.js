/** How a picture of the visitor comes in: chosen, dropped or pasted. */

import { byId } from './dom.js';
import { PictureError, picturesIn, prepared } from './picture.js';

/**
 * Listens on the whole page.
 *
 * @param onPicture called with a picture as picture.js prepares it
 * @param onId called with the id of an indexed picture that was dragged from the page itself
 * @param onRefused called with a sentence where what came in is no picture
 */
export function takeIn({ onPicture, onId, onRefused }) {
  async function take(file) {
    try {
      onPicture(await prepared(file));
    } catch (error) {
      if (!(error instanceof PictureError)) {
        throw error;
      }
      onRefused(error.message);
    }
  }

  byId('choose').addEventListener('click', choose);
  byId('file').addEventListener('change', (event) => {
    const [file] = event.target.files;
    if (file) {
      take(file).finally(() => {
        event.target.value = ''; // So that the same file can be chosen again.
      });
    }
  });
  addEventListener('paste', (event) => {
    const [file] = picturesIn(event.clipboardData);
    if (file) {
      event.preventDefault();
      take(file);
    }
  });
  onDrop((transfer) => {
    const own = ownIdIn(transfer.getData('text/uri-list'));
    const [file] = picturesIn(transfer);
    if (own !== null) {
      onId(own); // Its id says it better than its thumbnail.
    } else if (file) {
      take(file);
    } else if (transfer.files.length > 0) {
      onRefused(`${transfer.files[0].name} is not a picture.`);
    } else {
      onRefused('The browser handed over no picture, only its address or text. Copy the picture itself and paste it here, or save it and drop the file.');
    }
  });
}

/** Opens the browser's choice of files. */
export function choose() {
  byId('file').click();
}

function onDrop(action) {
  let depth = 0; // A child is entered before its parent is left.
  addEventListener('dragenter', (event) => {
    event.preventDefault();
    depth += 1;
    byId('dropzone').hidden = false;
  });
  addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    byId('dropzone').hidden = depth === 0;
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    byId('dropzone').hidden = true;
    action(event.dataTransfer);
  });
}

function ownIdIn(list) {
  const found = /\/(?:thumbnails|images)\/(\d{1,15})(?:\?|$)/.exec(list.split(/\r?\n/)[0] ?? '');
  return found && list.startsWith(location.origin) ? Number(found[1]) : null;
}
