#!/usr/bin/python3
"""Makes a small tokenizer of its own and what it must give for texts in many scripts.

Usage: make_tokens.py [DIR]       writes src/test/resources/tokens unless told otherwise

    tokenizer.json   a WordPiece of Hugging Face's format, learned from some of the texts below
    golden.json      MAX_LENGTH, and for each text its ids

The ids come from demo/wordpiece.py, which implements that format in plain Python and shares no code with the `tokenizers`
library that the program loads.
"""

import json
import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(REPOSITORY / "demo"))

import wordpiece  # noqa: E402

MAX_LENGTH = 16
VOCABULARY = 1200

# A name of the language, texts to learn from and to test with.
LEARNED = {
    "English": ["a red car in front of the old house", "The cat's whiskers", "running, jumping & swimming!", "U.S.A. 2024-01-02"],
    "German": ["Ein Bärenhöhlenmaßstab", "Straße und Fußgängerübergang", "ÄÖÜ äöü ß ẞ"],
    "French": ["un été à l'île, très tôt", "Œuvre d’art naïve", "garçon"],
    "Spanish": ["¿Dónde está el niño?", "¡mañana por la mañana!", "hamburguesa"],
    "Portuguese": ["coração e maçãs", "pão de açúcar"],
    "Polish": ["Zażółć gęślą jaźń", "łódź"],
    "Czech": ["Příliš žluťoučký kůň"],
    "Turkish": ["İstanbul'da ılık bir akşam", "IĞDIR ısı"],
    "Vietnamese": ["Tiếng Việt rất đẹp", "phở bò"],
    "Finnish": ["hampurilainen pöydällä", "yö"],
    "Greek": ["Ένας κόκκινος δρόμος", "ΟΔΥΣΣΕΥΣ"],
    "Russian": ["красный автомобиль", "Ёжик в тумане", "гамбургер"],
    "Hebrew": ["שלום עולם", "חָתוּל"],
    "Arabic": ["سيارة حمراء أمام البيت", "قِطَّةٌ", "١٢٣"],
    "Persian": ["می‌خواهم", "گربه"],
    "Hindi": ["लाल गाड़ी", "बिल्ली और कुत्ता", "हैम्बर्गर"],
    "Bengali": ["লাল গাড়ি"],
    "Tamil": ["சிவப்பு கார்"],
    "Thai": ["รถสีแดงหน้าบ้าน", "แมว"],
    "Japanese": ["赤い車", "ハンバーガー", "ﾊﾝﾊﾞｰｶﾞｰ", "猫が好きです。", "東京タワー", "ゞ々〇"],
    "Chinese": ["红色的汽车", "貓和狗", "你好，世界！", "𠮷野家"],
    "Korean": ["빨간 자동차", "고양이", "한국어"],
    "Georgian": ["წითელი მანქანა"],
    "Amharic": ["ቀይ መኪና"],
}

TESTED = {
    "nothing": ["", " ", "\t\n\r ", "\u3000", "\u200b\u200d\ufeff", "\x00\x01\x7f"],
    "composed and decomposed": ["é", "e\u0301", "Å", "A\u030a", "\u212b", "ż", "z\u0307", "가", "\u1100\u1161", "が", "か\u3099"],
    "compatibility": ["ﬁne ﬂag", "Ⅷ ① ½ ㎏ ™", "ＦＵＬＬ　ｗｉｄｔｈ", "𝒻𝒶𝓃𝒸𝓎", "x²"],
    "emoji": ["🍔", "🍔🍟 and 🍕", "👩‍👩‍👧‍👦", "👍🏽", "🇫🇮", "❤️", "1️⃣", "a🍔b"],
    "marks": ["...", "a-b_c/d\\e", "(x) [y] {z} <w>", "«guillemets» „quotes“ ‚single‘", "50% + $5 = €4,60 ~ £3", "#tag @name", "^`|"],
    "strange": ["\ufffd", "\ue000private", "a\u00adb", "a\u200bb", "line\u2028break", "non\u00a0breaking", "x\u0300\u0301\u0302\u0303"],
    "words that are not known": ["zzyzxqqq", "ᚠᚢᚦ", "꧁꧂", "q" * 100, "q" * 101, "\u0915" * 101],
    "very long": ["word " * 5000, "猫" * 9000, "🍔" * 5000, "a" * 20000, "cat dog " * 8 + "end"],
    "exactly as long": [" ".join(["cat"] * n) for n in (13, 14, 15, 16)],
    "case": ["CAT Cat cAt", "ΣΊΣΥΦΟΣ", "Ǆ ǅ ǆ", "İ I ı i", "ÀÉÎÕÜ"],
}

# Groups whose characters the tokenizer knows, so that their ids say something.
KNOWN = ("composed and decomposed", "compatibility", "emoji", "marks", "strange", "case")

# What the program cuts off a text before it is tokenized, in UTF-16 units: more than these give MAX_LENGTH tokens.
CUT = 8192


def cut(text):
    return text.encode("utf-16-le")[: 2 * CUT].decode("utf-16-le", "ignore")


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "resources" / "tokens"
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.mkdir(parents=True, exist_ok=True)
    known = {**LEARNED, **{group: texts for group, texts in TESTED.items() if group in KNOWN}}
    learned = [text for texts in known.values() for text in texts] + ["cat dog word", "cat dog word end"]
    wordpiece.write_tokenizer(wordpiece.learn_vocabulary(learned, VOCABULARY), target / "tokenizer.json")
    tokenizer = wordpiece.Tokenizer.load(target / "tokenizer.json")
    cases = []
    for group, texts in {**LEARNED, **TESTED}.items():
        for text in texts:
            case = {"group": group, "text": text, "times": 1, "ids": tokenizer(cut(text), MAX_LENGTH)}
            if len(text) > 500:
                # Written as a piece and how often it is repeated.
                piece = text[: next(n for n in range(1, 100) if text[:n] * (len(text) // n) == text[: len(text) // n * n])]
                case.update({"text": piece, "times": len(text) // len(piece)})
            cases.append(case)
    golden = {"maxLength": MAX_LENGTH, "end": tokenizer("", MAX_LENGTH)[-1], "cases": cases}
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    head = json.dumps({key: golden[key] for key in ("maxLength", "end")})[:-1]
    (target / "golden.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="ascii")


if __name__ == "__main__":
    main()
