/** Makes a picture of the visitor ready to be sent: small enough, and of a kind that the server reads. */

/** Kinds that the server decodes itself; any other kind that the browser can show is redrawn as JPEG. */
const SENT_AS_IT_IS = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp']);

/** Above either of these a picture is redrawn: models look at a few hundred pixels, uploads and history entries are dear. */
const MOST_BYTES = 400_000;
const LONGEST_SIDE = 1024;

/** Above this, what the browser cannot redraw is not sent either. */
const MOST_BYTES_UNREAD = 8_000_000;

/** A file that cannot be searched with; the message is for the visitor. */
export class PictureError extends Error {}

/**
 * @param {Blob} file a File, or a picture from the clipboard
 * @returns {{bytes: ArrayBuffer, type: string, name: string}} small enough for the state of a history entry
 */
export async function prepared(file) {
  const name = file.name || 'pasted picture';
  if (file.size === 0) {
    throw new PictureError(`${name} is empty.`);
  }
  if (file.type && !file.type.startsWith('image/')) {
    throw new PictureError(`${name} is not a picture (${file.type}).`);
  }
  const bitmap = await decoded(file);
  if (bitmap === null) {
    return unread(file, name);
  }
  try {
    const longest = Math.max(bitmap.width, bitmap.height);
    if (SENT_AS_IT_IS.has(file.type) && file.size <= MOST_BYTES && longest <= LONGEST_SIDE) {
      return { bytes: await file.arrayBuffer(), type: file.type, name };
    }
    const drawn = await redrawn(bitmap, Math.min(1, LONGEST_SIDE / longest));
    return { bytes: await drawn.arrayBuffer(), type: drawn.type, name };
  } finally {
    bitmap.close();
  }
}

async function decoded(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    return null; // Not for this browser; perhaps for the server.
  }
}

async function unread(file, name) {
  if (file.size > MOST_BYTES_UNREAD) {
    throw new PictureError(`${name} is too large to send, and this browser cannot read it to make it smaller.`);
  }
  return { bytes: await file.arrayBuffer(), type: file.type || 'image/unknown', name };
}

function redrawn(bitmap, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = 'white'; // JPEG has no transparency.
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    const done = (blob) => (blob ? resolve(blob) : reject(new PictureError('This browser could not make the picture smaller.')));
    canvas.toBlob(done, 'image/jpeg', 0.92);
  });
}

/** The pictures of a drop or a paste; other things that came along are left out. */
export function picturesIn(transfer) {
  return [...(transfer?.files ?? [])].filter((file) => file.type.startsWith('image/') || file.type === '');
}
