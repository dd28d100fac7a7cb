"""The metadata that make a PDF/A-3 a Factur-X: typst attaches files, but has no words of its own for XMP (typst #5667).

They are appended as an incremental update (ISO 32000-1, 7.5.6): a new version of the metadata object and a table that
finds it. Not a byte of what typst wrote changes.
"""

import re

_URN = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = {
    "DocumentType": ("INVOICE", "The type of the hybrid document"),
    "DocumentFileName": ("factur-x.xml", "The name of the embedded XML document"),
    "Version": ("1.0", "The version of the standard that the embedded XML document follows"),
    "ConformanceLevel": ("EN 16931", "The profile of the embedded XML document"),
}
_SCHEMAS_END = b"</rdf:Bag></pdfaExtension:schemas>"
_DESCRIPTIONS_END = b"</rdf:RDF>"


def with_metadata(pdf: bytes) -> bytes:
    """The PDF that typst made with factur-x.xml attached, now saying what that file is."""
    number = int(_last(rb"/Metadata (\d+) 0 R", pdf))
    stream = _last(rb"\n%d 0 obj\n.*?stream\n(.*?)\nendstream\nendobj\n" % number, pdf)
    trailer = _last(rb"\ntrailer\n<<(.*?)>>\nstartxref\n", pdf)
    table = int(_last(rb"\nstartxref\n(\d+)\n", pdf))

    metadata = stream.replace(_SCHEMAS_END, _schema() + _SCHEMAS_END).replace(
        _DESCRIPTIONS_END, _values() + _DESCRIPTIONS_END
    )
    written = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    update = b"%d 0 obj\n<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        number,
        len(metadata),
        metadata,
    )
    entry = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(written))
    end = b"trailer\n<<%b/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (trailer.strip(), table, len(written) + len(update))
    return written + update + entry + end


def _last(pattern: bytes, pdf: bytes) -> bytes:
    found = re.findall(pattern, pdf, re.DOTALL)
    assert found, f"typst writes PDF in another way than we know: no {pattern!r}"
    last: bytes = found[-1]
    return last


def _schema() -> bytes:
    properties = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        for name, (_, meaning) in _PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_URN}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    ).encode()


def _values() -> bytes:
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in _PROPERTIES.items())
    return f'<rdf:Description rdf:about="" xmlns:fx="{_URN}">{values}</rdf:Description>'.encode()
