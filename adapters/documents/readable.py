"""Other people's text, as it may stand on a document."""

import unicodedata

_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Cs", "Cn", "Co"})


def readable(text: str) -> str:
    """Without what no reader sees: controls, halves of characters, what XML forbids, and signs that turn the direction
    of what follows (an amount behind such a name would read backwards). Lines are kept; tabs become spaces."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(
        character
        for character in kept
        if character == "\n" or (character not in _DIRECTIONS and unicodedata.category(character) not in _UNSEEN)
    )
