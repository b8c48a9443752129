/** How an answer came about, in words for everybody and numbers for those who want them. */

import { element } from './dom.js';
import { count, duration, percent, score } from './format.js';
import { parts } from './query.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param answer of the server
 * @param query that it answers
 * @param info of the server, or null
 * @param nameOf what to call the indexed picture with an id
 */
export function explanation(answer, query, info, nameOf) {
  return [
    section('The score', ...aboutScores(answer, query)),
    section('What was searched for', madeOf(query, nameOf)),
    section('How thoroughly', ...thoroughness(answer, info)),
    section('Who answered', element('p', {}, answeredBy(answer))),
    section('How long it took', times(answer.took)),
  ];
}

function section(title, ...content) {
  return element('section', {}, element('h3', {}, title), ...content);
}

// ---- The score ----------------------------------------------------------------------------------------------------

function aboutScores({ hits, calibration }, query) {
  const byWords = parts(query).some(({ text }) => text !== undefined);
  const meaning = 'The model turns words and pictures into directions. The score says how far two of them agree: 1 is the same direction, 0 is nothing in common, below 0 is the opposite.';
  const scale = byWords
    ? 'Words and a picture never agree fully, so good hits may score low. Compare scores within one search only.'
    : 'A picture and itself score 1; copies and crops of it come close.';
  return [
    element('p', {}, `${meaning} ${scale}`),
    hits.length > 0 ? scoreStrip(hits) : null,
    standing(hits, calibration),
  ];
}

/** How the hits stand among all pictures, where the server has compared them with pictures picked at random. */
function standing(hits, calibration) {
  if (!calibration) {
    return null;
  }
  const { sample, mean, cutoff } = calibration;
  const random = `Pictures picked at random score ${score(mean)} on average here (${count(sample)} were looked at).`;
  const stands = hits.length > 0 && typeof hits[0].percentile === 'number'
    ? ` The best hit scores higher than ${percent(hits[0].percentile)} of all, the last one shown higher than ${percent(hits[hits.length - 1].percentile)}.`
    : '';
  const from = typeof cutoff === 'number' ? ` Hits of such a search begin to stand out at ${score(cutoff)}.` : '';
  return element('p', {}, random + stands + from);
}

/** Every hit as a tick between the lowest and the highest score. */
function scoreStrip(hits) {
  const scores = hits.map((hit) => hit.score);
  const high = Math.max(...scores);
  const low = Math.min(...scores);
  const svg = drawn('svg', { class: 'strip', viewBox: '0 0 300 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(drawn('path', { d: 'M0 12H300', class: 'axis' }));
  for (const one of scores) {
    const x = high > low ? 2 + (296 * (one - low)) / (high - low) : 150;
    svg.append(drawn('path', { d: `M${x.toFixed(1)} 4V20` }));
  }
  return element('figure', {}, svg, element('figcaption', {},
    element('span', {}, `${score(low)} last`), element('span', {}, 'each line is a hit'), element('span', {}, `best ${score(high)}`)));
}

function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

// ---- The query ------------------------------------------------------------------------------------------------------

function madeOf(query, nameOf) {
  return element('ul', { className: 'made-of' }, ...parts(query).map(({ text, id, picture, weight }) => {
    const what = text === undefined ? (picture ? `your picture ${picture.name}` : nameOf(id)) : `“${text}”`;
    const how = weight < 0 ? `held against it, ${-weight} times` : `counts ${weight === 1 ? 'once' : `${weight} times`}`;
    return element('li', {}, element('b', { dir: 'auto' }, what), ` ${how}`);
  }));
}

// ---- The search -----------------------------------------------------------------------------------------------------

function thoroughness({ probed }, info) {
  if (!probed) {
    return [element('p', {}, 'The server does not tell.')];
  }
  const lists = info?.lists;
  const share = lists?.recall?.filter(({ nprobe }) => nprobe <= probed.nprobe).pop()?.scannedShare;
  const read = lists
    ? `The index keeps like pictures together, in ${count(lists.nlist)} lists. The ${count(probed.nprobe)} lists nearest to the search were compared${share ? `: about ${percent(share)} of all pictures` : ''}.`
    : `${count(probed.nprobe)} lists of like pictures were compared in every shard.`;
  return [element('p', {}, read), promise(probed.expectedRecall), live(info?.liveRecall)];
}

function promise(recall) {
  return typeof recall === 'number'
    ? element('p', {}, `Of the ten best pictures that there are, ${tenths(recall)} are found this way on average: that was measured when the index was built.`)
    : element('p', {}, 'How many of the best pictures are missed this way was not measured for searches of this kind.');
}

function live(recall) {
  const measured = Object.entries(recall?.queries ?? {}).filter(([, kind]) => kind.measured > 0);
  return measured.length === 0 ? null : element('p', {},
    `Measured on searches of late: ${measured.map(([kind, { recall: found }]) => `${tenths(found)} of ten with ${kind}`).join(', ')}.`);
}

function tenths(recall) {
  return (recall * 10).toFixed(recall > 0.995 && recall < 1 ? 2 : 1).replace(/\.0$/, '');
}

function answeredBy({ shards, generation }) {
  const all = shards.total === 1 ? 'The only shard answered' : `${shards.answered} of ${shards.total} shards answered`;
  return `${all}, from generation ${generation} of the index.`;
}

function times({ encodeMs, searchMs, totalMs }) {
  const rows = [['Understanding the search', encodeMs], ['Comparing pictures', searchMs], ['All in all', totalMs]];
  return element('ul', { className: 'times' }, ...rows.map(([what, ms]) => {
    const bar = element('span', { className: 'bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--share', Math.min(1, ms / Math.max(totalMs, 1e-9)).toFixed(4));
    return element('li', {}, element('span', { className: 'label' }, what), bar, element('span', { className: 'amount' }, duration(ms)));
  }));
}

/** How one hit stands, for its detail. */
export function hitStanding(hit) {
  return typeof hit.percentile === 'number' ? `higher than ${percent(hit.percentile)} of the pictures` : null;
}
