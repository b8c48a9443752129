/** Hits as files for other programs. */

const OWN = ['id', 'score', 'percentile', 'facet', 'width', 'height', 'caption', 'uri', 'duplicates'];

/** Spreadsheets take text that begins so for a formula, and captions and file names are written by strangers. */
const LIKE_A_FORMULA = /^[=+\-@\t\r]/;

/**
 * @param kind `json`: all that is known of the search and its hits; `csv`: a line per hit; `uris`: a line per picture
 * @returns {{name: string, type: string, text: string}}
 */
export function fileOf(kind, answer, title) {
  const name = title.normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'pictures';
  switch (kind) {
    case 'json':
      return { name: `${name}.json`, type: 'application/json', text: `${JSON.stringify({ search: title, ...answer }, null, 2)}\n` };
    case 'csv':
      return { name: `${name}.csv`, type: 'text/csv', text: csv(answer.hits) };
    case 'uris':
      return { name: `${name}.txt`, type: 'text/plain', text: answer.hits.filter(({ uri }) => uri).map(({ uri }) => `${uri}\n`).join('') };
    default:
      throw new Error(`unknown kind of file '${kind}', expected json, csv or uris`);
  }
}

/** As RFC 4180 has it, in UTF-8 with the mark by which spreadsheets know it; columns that no hit fills are left out. */
export function csv(hits) {
  const own = OWN.filter((column) => hits.some((hit) => isFilled(hit[column])));
  const further = [...new Set(hits.flatMap((hit) => Object.keys(hit.columns ?? {})))].sort();
  const lines = hits.map((hit) => [...own.map((column) => hit[column]), ...further.map((column) => hit.columns?.[column])]);
  return `\uFEFF${[[...own, ...further], ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')}`;
}

function isFilled(value) {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function cell(value) {
  if (!isFilled(value)) {
    return '';
  }
  const text = Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && LIKE_A_FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
