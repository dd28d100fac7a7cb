"""The document as PDF/A-3b, set by typst. Whatever comes from outside goes in as data and is never read as markup."""

import json
import re
from functools import cache
from importlib.resources import files

import typst

from adapters.documents.content import content
from adapters.documents.invoice_document import InvoiceDocument

ROUNDS_MAX = 8
MISSING = "□"
_TEMPLATE = (files(__package__) / "template.typ").read_bytes()
_BUNDLED = typst.Fonts(include_system_fonts=False)
_UNDISPLAYABLE = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def pdf(document: InvoiceDocument, attached: str | None = None) -> bytes:
    """The same document gives the same bytes. `attached`: the XML that is put inside as factur-x.xml.

    The bundled font has Latin, Greek, Cyrillic and Hebrew. For a character beyond them the machine's own fonts are
    searched (so a Japanese name wants such a font where this runs); one that no font has becomes a box, since PDF/A
    refuses a character without a shape.
    """
    shown = json.dumps(content(document), ensure_ascii=False)
    try:
        return _compiled(shown, attached, _BUNDLED)
    except typst.TypstError as error:
        missing = _missing(error)
        if not missing:
            raise
    everywhere = _everywhere()
    for _ in range(ROUNDS_MAX):
        try:
            return _compiled(shown, attached, everywhere)
        except typst.TypstError as error:
            missing = _missing(error)
            if not missing:
                raise
            for text in sorted(missing, key=len, reverse=True):
                shown = shown.replace(json.dumps(text, ensure_ascii=False)[1:-1], MISSING)
    return _compiled(
        "".join(character if character.isascii() else MISSING for character in shown), attached, everywhere
    )


@cache
def _everywhere() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=True)


def _compiled(shown: str, attached: str | None, fonts: typst.Fonts) -> bytes:
    return typst.compile(
        _TEMPLATE,
        font_paths=fonts,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": shown, "attached": attached or ""},
        pdf_standards=["a-3b"],
    )


def _missing(error: typst.TypstError) -> set[str]:
    """The texts that no font can show, as typst's diagnostic quotes them (with Rust's escapes)."""
    return {
        _ESCAPE.sub(_unescaped, quoted) for quoted in _UNDISPLAYABLE.findall(f"{error.message}\n{error.diagnostic}")
    }


def _unescaped(escape: re.Match[str]) -> str:
    code, sign = escape.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(sign, sign)
