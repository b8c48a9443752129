"""Training texts: CLDR's names and keywords, and phrases made of them, each with the emoji that it means."""

import collections
import re
import unicodedata

import numpy as np

from colours import COLOURS, colour_words, coloured, colours_of
from emoji_collection import LANGUAGES, REGIONAL_VARIANTS, annotations

NAME_WEIGHT = 1.0
VARIANT_NAME_WEIGHT = 0.5
NAMED_SHARE_MIN = 0.75  # of a text that is a name goes to the emoji of that name, however many have it as a keyword
KEYWORDS_WEIGHT = 0.4  # of all keywords of an emoji together: the fewer, the more each says
FLAG_COUNTRY_WEIGHT = 0.6
COLOURED_SHARE = 0.92  # of the target goes to the emoji of the right colour, the rest to those of another
NOUN_EMOJI_MAX = 40  # a keyword of more emoji than this is no noun to colour
SUBGROUP_SHARE = 0.06  # of every target goes to the emoji's Unicode subgroup: after hamburgers, other food
LEAVE_OUT_ACCENTS_SHARE = 0.12
TYPING_ERROR_SHARE = 0.04
KINDS = {"entry": 0.6, "coloured": 0.22, "pair": 0.18}

_FLAG_NAME = re.compile(r"^[^:\uff1a]+[:\uff1a]\s*(.+)$")  # "flag: France", with either colon


def _is_flag(key):
    return len(key) == 2 and all(0x1F1E6 <= ord(character) <= 0x1F1FF for character in key)


def _favour_named(emoji):
    """Reduces the weights of keywords in {emoji: weight} where some emoji bear the text as their name."""
    named = sum(weight for weight in emoji.values() if weight == NAME_WEIGHT)
    other = sum(emoji.values()) - named
    highest = named * (1 - NAMED_SHARE_MIN) / NAMED_SHARE_MIN
    if named and other > highest:
        for index, weight in emoji.items():
            if weight != NAME_WEIGHT:
                emoji[index] = weight * highest / other


def _shares(weights):
    """Cumulative shares, for drawing by weight."""
    sums = np.cumsum(np.asarray(weights, np.float64))
    return sums / sums[-1]


class LanguageTexts:
    """The texts of one language: `entries` maps a text to {emoji: weight}."""

    def __init__(self, language, collection):
        self.language = language
        self.entries = collections.defaultdict(dict)
        self._words_of_emoji = collections.defaultdict(set)
        for locale in (language, *REGIONAL_VARIANTS.get(language, ())):
            own = locale == language
            for index, emoji in enumerate(collection):
                annotation = annotations(locale).get(emoji.key)
                if annotation is not None:
                    self._add_annotation(index, emoji, annotation, NAME_WEIGHT if own else VARIANT_NAME_WEIGHT)
        for emoji in self.entries.values():
            _favour_named(emoji)
        self.texts = list(self.entries)
        # Words of many emoji are harder to learn, and likelier to be asked for.
        self._text_share = _shares(np.sqrt([len(self.entries[text]) for text in self.texts]))
        self.nouns = self._find_nouns(collection)
        # Nouns of many emoji ("car", "flower") are those that people put a colour before.
        self._noun_share = _shares([len(self.entries[noun]) for noun, _ in self.nouns])

    def _add_annotation(self, index, emoji, annotation, name_weight):
        self._add(annotation.name, index, name_weight)
        if _is_flag(emoji.key):
            match = _FLAG_NAME.match(annotation.name)
            if match:
                self._add(match[1], index, FLAG_COUNTRY_WEIGHT)
        for keyword in annotation.keywords:
            self._add(keyword, index, KEYWORDS_WEIGHT / len(annotation.keywords))

    def _add(self, text, index, weight):
        emoji = self.entries[text.lower()]
        emoji[index] = max(weight, emoji.get(index, 0))
        self._words_of_emoji[index].add(text.lower())

    def _find_nouns(self, collection):
        """(noun, {colour: emoji}) for nouns of which some, but not all, have a colour."""
        colour_vocabulary = {form.lower() for forms in colour_words(self.language) for form in forms}
        nouns = []
        for text, emoji in self.entries.items():
            if len(emoji) > NOUN_EMOJI_MAX or len(text.split()) > 3 or colour_vocabulary & set(text.split()):
                continue
            by_colour = collections.defaultdict(list)
            for index in emoji:
                if not _is_flag(collection[index].key):
                    for colour in colours_of(collection[index].text):
                        by_colour[colour].append(index)
            if by_colour:
                nouns.append((text, dict(by_colour)))
        return nouns

    def draw_entry(self, rng):
        text = self.texts[np.searchsorted(self._text_share, rng.random())]
        return text, self.entries[text]

    def draw_coloured(self, rng):
        noun, by_colour = self.nouns[np.searchsorted(self._noun_share, rng.random())]
        colour = list(by_colour)[rng.integers(len(by_colour))]
        forms = colour_words(self.language)[COLOURS.index(colour)]
        phrase = coloured(self.language, forms[rng.integers(len(forms))], noun)
        if phrase in self.entries:  # "red heart" is a name, and names come first
            return phrase, self.entries[phrase]
        right = {index: self.entries[noun][index] for index in by_colour[colour]}
        other = {index: weight for index, weight in self.entries[noun].items() if index not in right}
        share = COLOURED_SHARE / sum(right.values())
        target = {index: weight * share for index, weight in right.items()}
        target.update({index: weight * (1 - COLOURED_SHARE) / sum(other.values()) for index, weight in other.items()})
        return phrase, target

    def draw_pair(self, rng):
        """Two of an emoji's words; what both of them mean is meant."""
        words = ()
        while len(words) < 2:
            words = sorted(self._words_of_emoji[rng.integers(len(self._words_of_emoji))])
        first, second = (words[index] for index in rng.permutation(len(words))[:2])
        both = self.entries[first].keys() & self.entries[second].keys()
        return f"{first} {second}", {index: self.entries[first][index] + self.entries[second][index] for index in both}


def without_accents(text):
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(part for part in parts if not "\u0300" <= part <= "\u036f"))


def _mistype(rng, text):
    at = int(rng.integers(len(text) - 1))
    if rng.random() < 0.5:
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


class TrainingTexts:
    """Draws texts of all languages with their targets, a distribution over the collection's emoji."""

    def __init__(self, collection):
        same = np.array([[mine.subgroup == other.subgroup for other in collection] for mine in collection], np.float32)
        self._subgroups = same / same.sum(1, keepdims=True)
        self._languages = [LanguageTexts(language, collection) for language in LANGUAGES]

    def all_texts(self):
        """Every text as it may be drawn but for pairs and errors: what the vocabulary is learned from."""
        for language in self._languages:
            yield from language.texts
            for forms in colour_words(language.language):
                yield from forms

    def draw(self, rng):
        language = self._languages[rng.integers(len(self._languages))]
        kind = rng.random()
        if kind < KINDS["entry"]:
            text, target = language.draw_entry(rng)
        elif kind < KINDS["entry"] + KINDS["coloured"]:
            text, target = language.draw_coloured(rng)
        else:
            text, target = language.draw_pair(rng)
        if rng.random() < LEAVE_OUT_ACCENTS_SHARE:
            text = without_accents(text)
        if rng.random() < TYPING_ERROR_SHARE and len(text) >= 6:
            text = _mistype(rng, text)
        return text, target

    def draw_batch(self, rng, count):
        """`count` texts and float[count, emoji], whose rows sum to one."""
        texts, targets = [], np.zeros((count, len(self._subgroups)), np.float32)
        for row in range(count):
            text, target = self.draw(rng)
            texts.append(text)
            for index, weight in target.items():
                targets[row, index] = weight
        targets /= targets.sum(1, keepdims=True)
        return texts, (1 - SUBGROUP_SHARE) * targets + SUBGROUP_SHARE * targets @ self._subgroups
