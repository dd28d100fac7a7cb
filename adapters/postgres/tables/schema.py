"""What all tables share: the metadata that Alembic compares, and the kinds of columns."""

from sqlalchemy import ColumnElement, DateTime, MetaData, Text, cast
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

instant = DateTime(timezone=True)


class JsonText(UserDefinedType[str]):
    """A json column (not jsonb: it keeps the very text that was hashed) whose Python value is that text."""

    cache_ok = True

    def get_col_spec(self, **options: object) -> str:
        return "JSON"

    def column_expression(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """Read as text: the driver would parse it, and what was hashed is the text."""
        return cast(column, Text)
