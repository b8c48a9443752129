"""The emoji that the demo draws, and their names and keywords in many languages.

Everything is read from Debian's `unicode-data` (which emoji exist) and `unicode-cldr-core` (what they are called).
"""

import functools
import pathlib
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

EMOJI_TEST_FILE = pathlib.Path("/usr/share/unicode/emoji/emoji-test.txt")
CLDR_FOLDER = pathlib.Path("/usr/share/unicode/cldr/common")

# The languages that the model is measured in.
LANGUAGES = ("en", "es", "de", "fr", "it", "pt", "fi", "pl", "tr", "ru", "ja", "zh", "ar", "hi")

# Regional variants: more words for the same languages, for training only.
REGIONAL_VARIANTS = {
    "en": ("en_001", "en_AU", "en_CA", "en_GB"),
    "es": ("es_419", "es_MX", "es_US"),
    "de": ("de_CH",),
    "fr": ("fr_CA",),
    "pt": ("pt_PT",),
    "zh": ("zh_Hant", "zh_Hant_HK"),
    "ar": ("ar_SA",),
}

# Emoji that a person could not tell from another one of the collection once drawn at some size and angle on some
# background. Each group has one reason; nothing else is left out of the base emoji.
LEFT_OUT = {
    "differ from the large square or diamond of their colour only in size": "◼◾▪◻◽▫🔸🔹",
    "half hours: the hour hand stands 15 degrees from the full hour's": "🕜🕝🕞🕟🕠🕡🕢🕣🕤🕥🕦🕧",
    "the same flag as another country's or territory's": (
        "🇧🇻 🇸🇯 🇺🇲 🇭🇲 🇲🇫 🇨🇵 🇪🇦 🇩🇬 🇹🇩 🇲🇨".split()
    ),
}

_LINE = re.compile(r"([0-9A-F ]+?)\s*; fully-qualified\s*# \S+ E[\d.]+ ")
_SUBGROUP = "# subgroup: "
_ZERO_WIDTH_JOINER = 0x200D
_VARIATION_SELECTOR = "\ufe0f"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@dataclass(frozen=True)
class Emoji:
    """One emoji of the collection.

    Its characters as drawn, its key in CLDR (without variation selectors), and its Unicode subgroup ("food-prepared").
    """

    text: str
    key: str
    subgroup: str

    @property
    def code_points(self):
        return " ".join(f"U+{ord(character):04X}" for character in self.text)


def load_collection():
    """All emoji without joiners and skin tones, flags included, less LEFT_OUT; in the order of Unicode's own list."""
    left_out = {key for group in LEFT_OUT.values() for key in group}
    names = annotations("en")
    collection, subgroup = [], None
    for line in EMOJI_TEST_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith(_SUBGROUP):
            subgroup = line.removeprefix(_SUBGROUP)
        match = _LINE.match(line)
        if not match:
            continue
        code_points = [int(code_point, 16) for code_point in match[1].split()]
        if any(point == _ZERO_WIDTH_JOINER or point in _SKIN_TONES for point in code_points):
            continue
        text = "".join(map(chr, code_points))
        key = text.replace(_VARIATION_SELECTOR, "")
        if key not in left_out and key in names:
            collection.append(Emoji(text, key, subgroup))
    return collection


@dataclass(frozen=True)
class Annotation:
    """What CLDR says of an emoji in one language: its short name and its keywords, the name among them or not."""

    name: str
    keywords: tuple


@functools.lru_cache(maxsize=None)
def annotations(locale):
    """CLDR's annotations of one locale by emoji key; those with a name only. A locale without a file is an error."""
    names, keywords = {}, {}
    for folder in ("annotations", "annotationsDerived"):
        file = CLDR_FOLDER / folder / f"{locale}.xml"
        if not file.exists():
            continue
        for element in ElementTree.parse(file).getroot().iter("annotation"):
            text = element.text or ""
            if "↑↑↑" in text:  # CLDR's mark for "as in the parent locale"
                continue
            key = element.get("cp").replace(_VARIATION_SELECTOR, "")
            if element.get("type") == "tts":
                names[key] = text.strip()
            else:
                keywords[key] = tuple(word.strip() for word in text.split("|") if word.strip())
    if not names:
        raise FileNotFoundError(f"no CLDR annotations for locale {locale} under {CLDR_FOLDER}")
    return {key: Annotation(name, keywords.get(key, ())) for key, name in names.items()}
