"""Database URLs as hosting panels hand them out."""

import pytest

from app.database.engine import asyncpg_url
from app.errors import Misconfigured


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:6432/d", "postgresql+asyncpg://u:p@h:6432/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p%40%2F@h/d", "postgresql+asyncpg://u:p%40%2F@h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        (
            "postgresql://h/d?sslmode=verify-full&channel_binding=require",
            "postgresql+asyncpg://h/d?ssl=verify-full",
        ),
        ("postgresql://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
    ],
)
def test_a_hosted_database_url_is_taken_as_it_is(given: str, understood: str) -> None:
    assert asyncpg_url(given).render_as_string(hide_password=False) == understood


def test_what_is_no_url_is_named_without_being_shown() -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL") as caught:
        asyncpg_url("a secret, put into the wrong variable")
    assert "secret" not in caught.value.message
