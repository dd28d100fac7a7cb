"""What books call their attributes may change; what stored books call them does not, so that no data has to move."""

import msgspec

from domain.books import Books

STORED = b'{"billed_until":"2026-01-01T00:00:00Z","made":2,"noted":1}'


def test_books_are_stored_under_the_names_they_always_had() -> None:
    books = msgspec.json.decode(STORED, type=Books)
    assert (books.invoice_count, books.credit_note_count) == (2, 1)
    assert msgspec.json.encode(books) == STORED


def test_every_attribute_with_another_name_is_known() -> None:
    names = {field.name: field.encode_name for field in msgspec.structs.fields(Books)}
    renamed = {name: stored for name, stored in names.items() if name != stored}
    assert renamed == {"segments": "stretches", "invoice_count": "made", "credit_note_count": "noted"}
