"""By which fold the states and views were made: one that has learned something folds the journal again. Where nothing
was recorded yet there is nothing to fold.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("folds", sa.Column("fold", sa.Integer, primary_key=True, autoincrement=False))
    op.execute("INSERT INTO folds SELECT 2 WHERE NOT EXISTS (SELECT FROM streams)")


def downgrade() -> None:
    op.drop_table("folds")
