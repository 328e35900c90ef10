"""S3's error codes have the same meaning in calls, in forms and in the page."""

import re

import pytest

from app.http.page import WEB_DIRECTORY
from app.storage.codes import Meaning, codes_of, meaning_of
from app.storage.connections import RawResponse
from app.storage.splice import error_of

# The meanings that have a sentence of their own for the person who uploads.
EXPLAINED = (Meaning.TOO_LARGE, Meaning.TOO_SMALL, Meaning.FULL)


def messages_of_the_page() -> dict[str, str]:
    """Return the sentence of `fetch.js` for each code that it names."""
    source = (WEB_DIRECTORY / "fetch.js").read_text()
    sentences = dict(re.findall(r"^const (\w+) = '(.+)';$", source, re.MULTILINE))
    table = source.partition("const BUCKET_MESSAGES = {")[2].partition("};")[0]
    return {code: sentences[name] for code, name in re.findall(r"(\w+): (\w+),", table)}


def message_of_the_gateway(code: str) -> str:
    return error_of(RawResponse(400, f"<Error><Code>{code}</Code></Error>".encode())).message


def test_the_page_explains_the_same_codes_in_the_same_words_as_the_gateway() -> None:
    explained = [code for meaning in EXPLAINED for code in codes_of(meaning)]
    assert messages_of_the_page() == {code: message_of_the_gateway(code) for code in explained}


@pytest.mark.parametrize(
    ("code", "status", "message", "meaning"),
    [
        ("NoSuchKey", 404, "", Meaning.MISSING),
        ("404", 404, "", Meaning.MISSING),
        ("AccessDenied", 403, "Access Denied", Meaning.DENIED),
        ("AccessDenied", 403, "Invalid according to Policy: Policy expired.", Meaning.EXPIRED),
        ("ExpiredToken", 400, "The provided token has expired.", Meaning.INVALID_SIGNATURE),
        ("XMinioStorageFull", 507, "", Meaning.FULL),
        ("NeverHeardOf", 507, "", Meaning.FULL),
        ("QuotaExceeded", 403, "", Meaning.FULL),
        ("NeverHeardOf", 500, "", Meaning.UNAVAILABLE),
        ("", 503, "", Meaning.UNAVAILABLE),
        ("NeverHeardOf", 400, "", Meaning.UNKNOWN),
        ("NeverHeardOf", 403, "It has Expired", Meaning.EXPIRED),
    ],
)
def test_the_code_decides_and_the_status_where_the_code_is_unknown(
    code: str, status: int, message: str, meaning: Meaning
) -> None:
    assert meaning_of(code, status, message) is meaning
