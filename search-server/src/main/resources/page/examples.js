/** Words to begin with. */

import { toAddress } from './address.js';
import { element } from './dom.js';
import { words } from './query.js';

/** Most collections have an answer for these; scripts of many kinds. */
const EXAMPLES = [
  ['hamburger', 'en'], ['ハンバーガー', 'ja'], ['red car', 'en'], ['carro rojo', 'es'], ['кошка', 'ru'], ['بيتزا', 'ar'],
  ['hampurilainen', 'fi'], ['fleur', 'fr'], ['rakieta', 'pl'], ['月亮', 'zh'], ['Regenbogen', 'de'], ['balık', 'tr'],
];

/** @param follow makes what happens on a click on words */
export function showExamples(list, follow) {
  list.append(...EXAMPLES.map(([text, lang]) => element('li', {},
    element('a', { className: 'chip', href: toAddress(words(text)), lang, dir: 'auto', onclick: follow(text) }, text))));
}
