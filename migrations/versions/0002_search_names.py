"""Add what @-mention search looks for in the names of attachments and the titles of threads.

Safe with the previous version running: the columns may be NULL, and what it writes meanwhile is
completed when its owner first searches (app/database/entity_search.py). The tables are locked
against writes while each is read once, for indexes that have next to nothing in them yet.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEARCHED = {
    "threads": "search_terms IS NOT NULL",
    "attachments": "state IN ('stored', 'attached')",
}


def upgrade() -> None:
    for table, searched in _SEARCHED.items():
        op.add_column(table, sa.Column("search_terms", ARRAY(sa.Text())))
        op.create_index(
            f"ix_{table}_search_terms",
            table,
            ["search_terms"],
            postgresql_using="gin",
            postgresql_where=sa.text(searched),
        )
        op.create_index(
            f"ix_{table}_without_search_terms",
            table,
            ["user_id"],
            postgresql_where=sa.text("search_terms IS NULL"),
        )


def downgrade() -> None:
    for table in _SEARCHED:
        op.drop_column(table, "search_terms")  # its indexes go with it
