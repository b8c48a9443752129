/** How numbers and names are written on the page. */

const WHOLE = new Intl.NumberFormat('en');

export function count(value) {
  return WHOLE.format(value);
}

export function pictures(value) {
  return value === 1 ? '1 picture' : `${count(value)} pictures`;
}

/** Milliseconds with as many digits as say something: 0.84 ms, 4.4 ms, 131 ms, 2.1 s. */
export function duration(ms) {
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  if (ms >= 10) {
    return `${Math.round(ms)} ms`;
  }
  return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
}

export function score(value) {
  return value.toFixed(3);
}

/** A share with as many digits as tell it from all: 30%, 99.2%, 99.98%. */
export function percent(share) {
  const near = Math.min(share, 1 - share) * 100;
  const digits = near === 0 || near >= 5 ? 0 : near >= 0.5 ? 1 : near >= 0.05 ? 2 : 3;
  const rounded = (share * 100).toFixed(digits);
  const scale = 10 ** digits;
  return share < 1 && Number(rounded) === 100 ? `${Math.floor(share * 100 * scale) / scale}%` : `${rounded}%`;
}

/** The last part of a picture's address, as a name where there is no caption. */
export function fileName(uri) {
  const path = (uri ?? '').split(/[?#]/)[0];
  const last = path.split('/').filter(Boolean).pop() ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last; // A lone % in a file name is no escape.
  }
}

/** What people would call a hit. */
export function nameOf(hit) {
  return hit.caption || fileName(hit.uri) || `Picture ${hit.id}`;
}
