"""XML elements, written as they nest. Names carry the prefixes of CII; an element without content is
left out."""

from datetime import date
from decimal import Decimal
from typing import TypeAlias
from xml.etree.ElementTree import Element, indent, tostring

from adapters.documents.readable import readable
from domain.exact import plain

Content: TypeAlias = "Element | str | None"

_NAMESPACES = {
    "xmlns:rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "xmlns:ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "xmlns:udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "xmlns:qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}


def element(name: str, *content: Content, **attributes: str) -> Element | None:
    """`<name>` with text or children; None, and so left out, if there is nothing in it."""
    found = Element(name, attributes)
    for part in content:
        if isinstance(part, str):
            found.text = (found.text or "") + readable(part).strip()
        elif part is not None:
            found.append(part)
    return found if len(found) or found.text else None


def xml_document(name: str, *content: Content) -> bytes:
    """The whole document, UTF-8, indented."""
    root = element(name, *content)
    assert root is not None
    root.attrib.update(_NAMESPACES)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def amount(name: str, value: Decimal, **attributes: str) -> Element | None:
    return element(name, f"{value:f}", **attributes)


def exactly(name: str, value: Decimal, **attributes: str) -> Element | None:
    """Quantities and unit prices: as many decimals as there are."""
    return element(name, f"{plain(value):f}", **attributes)


def day(name: str, value: date, kind: str = "udt") -> Element | None:
    return element(name, element(f"{kind}:DateTimeString", f"{value:%Y%m%d}", format="102"))
