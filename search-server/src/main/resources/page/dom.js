/** Small builders for elements, so that nothing is ever made from strings of HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Functions in `properties` named on… become listeners, the others properties or, where
 * the element has none of that name, attributes; undefined and null are left out.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) {
      continue;
    }
    if (key.startsWith('on')) {
      made.addEventListener(key.slice(2), value);
    } else if (key in made && key !== 'width' && key !== 'height') {
      made[key] = value;
    } else {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** One of the symbols of index.html; decorative, so hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** The element of index.html with this id. */
export function byId(id) {
  return document.getElementById(id);
}
