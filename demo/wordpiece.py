"""WordPiece as Hugging Face's `tokenizers` does it: learns a vocabulary, writes `tokenizer.json`, and gives the same ids.

Debian has no Python package of `tokenizers`; the search system loads the file with the real one.
"""

import collections
import functools
import heapq
import json
import unicodedata

PAD, UNKNOWN, START, END, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PAD, UNKNOWN, START, END, MASK)
CONTINUATION = "##"
LONGEST_WORD = 100
MAX_LENGTH = 48

# What BertNormalizer treats as Chinese characters: each becomes a word of its own.
_CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)


@functools.lru_cache(maxsize=None)
def _normalise_character(character):
    """BertNormalizer, character by character: clean, set Chinese apart, lower."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character == "\ufffd" or unicodedata.category(character)[0] == "C":
        return ""
    if any(first <= ord(character) <= last for first, last in _CHINESE):
        return f" {character} "
    return character.lower()


def normalise(text):
    return "".join(map(_normalise_character, unicodedata.normalize("NFKC", text)))


def _is_punctuation(character):
    return character in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" or unicodedata.category(character)[0] == "P"


def words_of(text):
    """BertPreTokenizer after the normaliser: split at spaces, every punctuation mark alone."""
    words, word = [], ""
    for character in normalise(text):
        if character.isspace() or _is_punctuation(character):
            if word:
                words.append(word)
            word = ""
            if not character.isspace():
                words.append(character)
        else:
            word += character
    return words + [word] if word else words


def learn_vocabulary(texts, size):
    """The pieces of `size` at most: all characters seen, then the most frequent neighbours merged again and again."""
    counts = collections.Counter(word for text in texts for word in words_of(text))
    words = [[word[0]] + [CONTINUATION + character for character in word[1:]] for word in counts]
    weights = list(counts.values())
    characters = sorted({piece for word in words for piece in word})
    characters += [piece for piece in sorted({p.removeprefix(CONTINUATION) for p in characters}) if piece not in characters]
    vocabulary = dict.fromkeys(list(SPECIAL) + characters)

    pair_counts, where = collections.Counter(), collections.defaultdict(set)
    for index, word in enumerate(words):
        for pair in zip(word, word[1:]):
            pair_counts[pair] += weights[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in pair_counts.items()]
    heapq.heapify(heap)
    while len(vocabulary) < size and heap:
        count, pair = heapq.heappop(heap)
        if pair_counts[pair] != -count:  # outdated: the true count is elsewhere in the heap
            continue
        if count > -2:
            break
        merged = pair[0] + pair[1].removeprefix(CONTINUATION)
        vocabulary[merged] = None
        changed = set()
        for index in where.pop(pair):
            word = words[index]
            for old in zip(word, word[1:]):
                pair_counts[old] -= weights[index]
                changed.add(old)
            words[index] = word = _merge(word, pair, merged)
            for new in zip(word, word[1:]):
                pair_counts[new] += weights[index]
                where[new].add(index)
                changed.add(new)
        for each in changed:
            if pair_counts[each] > 0:
                heapq.heappush(heap, (-pair_counts[each], each))
    return list(vocabulary)


def _merge(word, pair, merged):
    result, at = [], 0
    while at < len(word):
        if tuple(word[at : at + 2]) == pair:
            result.append(merged)
            at += 2
        else:
            result.append(word[at])
            at += 1
    return result


def write_tokenizer(vocabulary, file):
    ids = {piece: index for index, piece in enumerate(vocabulary)}
    start, end = ({"SpecialToken": {"id": token, "type_id": 0}} for token in (START, END))
    second = {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": END, "type_id": 1}}
    first = [start, {"Sequence": {"id": "A", "type_id": 0}}, end]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": ids[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for token in SPECIAL
        ],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"},
            {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": False,
             "lowercase": True},
        ]},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "single": first, "pair": [*first, *second],
            "special_tokens": {token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in (START, END)},
        },
        "decoder": {"type": "WordPiece", "prefix": CONTINUATION, "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": UNKNOWN, "continuing_subword_prefix": CONTINUATION,
                  "max_input_chars_per_word": LONGEST_WORD, "vocab": ids},
    }
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


class Tokenizer:
    """Text to ids: [CLS], the longest known pieces of each word from the left, [SEP]."""

    def __init__(self, vocabulary):
        self._ids = {piece: index for index, piece in enumerate(vocabulary)}
        self._word_ids = functools.lru_cache(maxsize=200_000)(self._pieces_of_word)

    @staticmethod
    def load(file):
        ids = json.loads(file.read_text(encoding="utf-8"))["model"]["vocab"]
        return Tokenizer(sorted(ids, key=ids.get))

    def __call__(self, text, max_length=MAX_LENGTH):
        ids = [each for word in words_of(text) for each in self._word_ids(word)]
        return [self._ids[START], *ids[: max_length - 2], self._ids[END]]

    def _pieces_of_word(self, word):
        if len(word) > LONGEST_WORD:
            return (self._ids[UNKNOWN],)
        ids, at = [], 0
        while at < len(word):
            for end in range(len(word), at, -1):
                piece = word[at:end] if at == 0 else CONTINUATION + word[at:end]
                if piece in self._ids:
                    ids.append(self._ids[piece])
                    at = end
                    break
            else:
                return (self._ids[UNKNOWN],)
        return tuple(ids)
