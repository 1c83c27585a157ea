"""Texts to tokenize: samples to start from, a corpus to train on, one paragraph in many languages.

The corpus is the opening of Lewis Carroll's "Alice's Adventures in Wonderland" (1865, public domain). `article_1` is
Article 1 of the Universal Declaration of Human Rights in the official translations that Unicode collects
(https://www.unicode.org/udhr/); the Declaration is in the public domain.
"""

import json
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).parent

SAMPLES = {
    "Tokenization powers": "Unbelievable tokenization powers! 🚀",
    "Star player": "The 🌟 star-player scored 40 points!",
    "Course prompts": "Once upon a time\nWhat is 2+2?\nSuggest a party theme.",
    "Emoji with joiners": "👩🏽\u200d🚀 meets 👨\u200d👩\u200d👧\u200d👦 at 🏳️\u200d🌈, waves 👋🏿 and flies to 🇳🇱.",
    "Code": "def mean(values):\n    if not values:\n        return 0.0\n    return sum(values) / len(values)\n",
    "Chinese": "人工智能正在改变世界，但它首先要把文字变成数字。",
    "Arabic": "تحوّل النماذج اللغوية النص إلى أرقام قبل أن تقرأه.",
    "Hindi": "भाषा मॉडल पढ़ने से पहले शब्दों को संख्याओं में बदलता है।",
    "Long digits": "3.14159265358979 and 1234567890 and 2026-11-22 and 1,000,000",
    "Spaces": "Trailing spaces matter:   \n\tso do tabs,  double  spaces and the end ",
    "Accents, two ways": "café = cafe\u0301, Å = A\u030a, ﬁne = fine",
    "Case and typos": "Tokenizer tokenizer TOKENIZER tokenzier toke nizer",
    "HTML and LaTeX": "<b>bold</b> **stars** $e^{i\\pi}+1=0$ [link](x) :red[no]",
}  # fmt: skip


@lru_cache(maxsize=1)
def corpus() -> str:
    """About 400 words of English to train on."""
    return (_HERE / "corpus.txt").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def article_1() -> dict[str, str]:
    """Language (its English name) to Article 1; English comes first."""
    texts: dict[str, str] = json.loads((_HERE / "article1.json").read_text(encoding="utf-8"))
    return texts
