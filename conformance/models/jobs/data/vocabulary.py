"""Words to numbers, by the conventions of Keras's IMDB loader (``keras.datasets.imdb.load_data``).

0 pads, 1 starts every sequence, 2 stands for a word out of the vocabulary; the word of rank ``k`` by frequency,
counted from 1, is ``k + 3``, so 3 is never used. A number of ``num_words`` or more becomes 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

PAD, START, OUT_OF_VOCABULARY, INDEX_FROM = 0, 1, 2, 3
_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # Keras's, of text_to_word_sequence: the apostrophe stays
_SPACES = str.maketrans(dict.fromkeys(_FILTERS, " "))


def words(text: str) -> list[str]:
    """The words of a text as ``keras.preprocessing.text.text_to_word_sequence`` finds them."""
    return text.lower().translate(_SPACES).split()


def ranks(texts: Iterable[str]) -> dict[str, int]:
    """Word to rank: 1 for the most frequent; of two as frequent, the one that came first."""
    counted = Counter(word for text in texts for word in words(text))
    return {word: rank for rank, (word, _) in enumerate(counted.most_common(), 1)}


def encoded(text: str, rank_of: Mapping[str, int], num_words: int) -> list[int]:
    """The start, then a number a word."""
    numbers = [rank_of.get(word, num_words) + INDEX_FROM for word in words(text)]
    return [START, *(k if k < num_words else OUT_OF_VOCABULARY for k in numbers)]


def encode_all(texts: Sequence[str], rank_of: Mapping[str, int], num_words: int) -> list[list[int]]:
    """`encoded` for each text."""
    return [encoded(text, rank_of, num_words) for text in texts]
