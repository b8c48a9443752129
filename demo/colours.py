"""Colours: which ones an emoji shows, and what they are called in the demo's languages."""

import colorsys
import functools

import numpy as np

from make_pictures import draw_glyph

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
COLOUR_SHARE_MIN = 0.25  # of the emoji's opaque pixels

# Per language whether the colour comes before the noun, and for each colour its forms (genders, cases, endings).
_WORDS = {
    "en": (True, "red|orange|yellow|green|blue|purple,violet|pink|brown|black|white|grey,gray"),
    "es": (False, "rojo,roja|naranja,anaranjado|amarillo,amarilla|verde|azul|morado,morada,violeta|rosa,rosado"
                  "|marrón,café|negro,negra|blanco,blanca|gris"),
    "de": (True, "rotes,roter,rote|orange,oranges|gelbes,gelber,gelbe|grünes,grüner,grüne|blaues,blauer,blaue"
                 "|lila,violettes,violetter,violette|rosa,pinkes|braunes,brauner,braune|schwarzes,schwarzer,schwarze"
                 "|weißes,weißer,weiße|graues,grauer,graue"),
    "fr": (False, "rouge|orange|jaune|vert,verte|bleu,bleue|violet,violette|rose|marron,brun,brune|noir,noire"
                  "|blanc,blanche|gris,grise"),
    "it": (False, "rosso,rossa|arancione|giallo,gialla|verde|blu,azzurro,azzurra|viola|rosa|marrone|nero,nera"
                  "|bianco,bianca|grigio,grigia"),
    "pt": (False, "vermelho,vermelha|laranja|amarelo,amarela|verde|azul|roxo,roxa|rosa,cor-de-rosa|marrom,castanho"
                  "|preto,preta|branco,branca|cinza,cinzento"),
    "fi": (True, "punainen|oranssi|keltainen|vihreä|sininen|violetti|vaaleanpunainen,pinkki|ruskea|musta|valkoinen"
                 "|harmaa"),
    "pl": (True, "czerwony,czerwona,czerwone|pomarańczowy,pomarańczowa|żółty,żółta,żółte|zielony,zielona,zielone"
                 "|niebieski,niebieska,niebieskie|fioletowy,fioletowa,fioletowe|różowy,różowa,różowe"
                 "|brązowy,brązowa,brązowe|czarny,czarna,czarne|biały,biała,białe|szary,szara,szare"),
    "tr": (True, "kırmızı|turuncu|sarı|yeşil|mavi|mor|pembe|kahverengi|siyah|beyaz|gri"),
    "ru": (True, "красный,красная,красное|оранжевый,оранжевая|жёлтый,желтый,жёлтая,желтая,жёлтое"
                 "|зелёный,зеленый,зелёная,зеленая,зелёное|синий,синяя,синее,голубой,голубая"
                 "|фиолетовый,фиолетовая|розовый,розовая,розовое|коричневый,коричневая,коричневое"
                 "|чёрный,черный,чёрная,черная,чёрное|белый,белая,белое|серый,серая,серое"),
    "ja": (True, "赤い,赤|オレンジ色の,オレンジの|黄色い,黄色の|緑の,緑色の|青い,青|紫の,紫色の|ピンクの,ピンク色の"
                 "|茶色い,茶色の|黒い,黒|白い,白|灰色の,グレーの"),
    "zh": (True, "红色,红色的,红|橙色,橙色的|黄色,黄色的,黄|绿色,绿色的,绿|蓝色,蓝色的,蓝|紫色,紫色的|粉色,粉红色,粉红色的"
                 "|棕色,棕色的,褐色|黑色,黑色的,黑|白色,白色的,白|灰色,灰色的"),
    "ar": (False, "أحمر,حمراء|برتقالي,برتقالية|أصفر,صفراء|أخضر,خضراء|أزرق,زرقاء|بنفسجي,بنفسجية,أرجواني"
                  "|وردي,وردية|بني,بنية|أسود,سوداء|أبيض,بيضاء|رمادي,رمادية"),
    "hi": (True, "लाल|नारंगी|पीला,पीली,पीले|हरा,हरी,हरे|नीला,नीली,नीले|बैंगनी|गुलाबी|भूरा,भूरी,भूरे|काला,काली,काले"
                 "|सफ़ेद,सफेद|स्लेटी,धूसर"),
}
_WRITTEN_WITHOUT_SPACES = ("ja", "zh")


@functools.lru_cache(maxsize=None)
def colour_words(language):
    """For each of COLOURS the words for it."""
    words = tuple(tuple(forms.split(",")) for forms in _WORDS[language][1].split("|"))
    if len(words) != len(COLOURS):
        raise ValueError(f"{language} has {len(words)} colours, expected {len(COLOURS)}")
    return words


def coloured(language, colour_word, noun):
    """The phrase in the order of the language: "red car", "carro rojo"."""
    space = "" if language in _WRITTEN_WITHOUT_SPACES else " "
    first, second = (colour_word, noun) if _WORDS[language][0] else (noun, colour_word)
    return first + space + second


def _name_colour(red, green, blue):
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    hue *= 360
    if value < 0.25:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.85 else "black" if value < 0.35 else "grey"
    if hue < 45 and value < 0.72 and saturation > 0.25:
        return "brown" if hue > 8 else "red"
    if saturation < 0.5 and value > 0.8 and (hue < 28 or hue > 315):
        return "pink"
    if hue < 19 or hue > 345:
        return "red"
    if hue < 37:
        return "orange"
    if hue < 62:
        return "yellow"
    if hue < 165:
        return "green"
    if hue < 250:
        return "blue"
    return "purple" if hue < 305 else "pink"


@functools.lru_cache(maxsize=None)
def colours_of(text):
    """The colours that make up at least COLOUR_SHARE_MIN of the emoji as drawn, the largest part first."""
    pixels = np.asarray(draw_glyph(text).resize((32, 32))).reshape(-1, 4)
    names = [_name_colour(*pixel[:3]) for pixel in pixels if pixel[3] > 128]
    counts = {colour: names.count(colour) / len(names) for colour in COLOURS}
    return tuple(sorted((colour for colour in COLOURS if counts[colour] >= COLOUR_SHARE_MIN),
                        key=counts.get, reverse=True))
