"""Files that other projects keep for their own tests reach the model with what is in them.

The table of outcomes is printed (`pytest -s`). A file is named by its path in its source package.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath

import pytest

from app.file_types.table import of_name
from tests.model_api import ModelApi
from tests.published import files_of
from tests.unit.fakes.conversation import conversation

pytestmark = pytest.mark.slow

MAILS = "tests/mails/"
RUSSIAN = "\u0424\u041d\u0421_\u0420\u0424558.zip"


@dataclass(frozen=True)
class Expected:
    """Words that the model has to get of one file, and the members that have to be named."""

    package: str
    path: str
    words: str
    members: tuple[str, ...] = ()


EXPECTED = [
    # An HTML text beside an empty plain one
    Expected("mail-parser==4.8.0", f"{MAILS}mail_test_1", "Brexit", (RUSSIAN,)),
    Expected("mail-parser==4.8.0", f"{MAILS}mail_test_11", "Brexit"),
    # A part after the last boundary
    Expected(
        "mail-parser==4.8.0",
        f"{MAILS}mail_malformed_1",
        "Sent from my iPhone",
        ("20160523_916527.jpg_.zip",),
    ),
    # A boundary that the header does not name
    Expected("mail-parser==4.8.0", f"{MAILS}mail_malformed_3", "solamente tiene que hacer clic"),
    # A named text part
    Expected("mail-parser==4.8.0", f"{MAILS}mail_test_3", "bills of the goods", ("message.txt",)),
    Expected("mail-parser==4.8.0", f"{MAILS}mail_test_2", "foehn altrove", ("Bollettino.pdf",)),
    Expected(
        "msg-parser==1.2.0",
        "tests/files/complete.msg",
        "Test Multiple attachments",
        ("[MS-OXPROPS].pdf", "[MS-OXPROPS]-181001.docx"),
    ),
    Expected("msg-parser==1.2.0", "tests/files/other.msg", "这是一个永久性的错误"),
]


def mime_type_of(expected: Expected) -> str:
    return "message/rfc822" if expected.path.startswith(MAILS) else ""


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda each: PurePath(each.path).name)
async def test_a_mail_reaches_the_model_with_its_text_and_the_names_of_its_files(
    api: ModelApi, expected: Expected
) -> None:
    body = files_of(expected.package)[expected.path]
    async with conversation(api) as chat:
        name = PurePath(expected.path).name
        received = await chat.sent(chat.attachments.add(name, mime_type_of(expected), body))
    api.expect_no_rejection()
    assert expected.words in received.texts()
    assert all(f"- {member} (" in received.texts() for member in expected.members)


@pytest.mark.parametrize(
    "package", ["mail-parser==4.8.0", "msg-parser==1.2.0", "nbconvert==7.16.6", "odfpy==1.4.1"]
)
async def test_every_file_of_a_package_has_a_true_outcome(api: ModelApi, package: str) -> None:
    """No file breaks a reader, and the provider takes each of them."""
    outcomes: Counter[tuple[str, str]] = Counter()
    notes: list[str] = []
    for path, body in sorted(files_of(package).items()):
        mime_type = "message/rfc822" if path.startswith(MAILS) else ""
        row = of_name(path)
        if not body or not (mime_type or (row and row.reaches_model)):
            continue
        async with conversation(api) as chat:
            received = await chat.sent(chat.attachments.add(PurePath(path).name, mime_type, body))
        announced = received.parts()[1:]
        kind = announced[-1]["type"] if len(announced) > 1 else "text"
        if "\nNote: " in announced[0]["text"] and "begin text" not in announced[0]["text"]:
            kind = "note"
            notes.append(f"{path}: {announced[0]['text'].partition('Note: ')[2]}")
        outcomes[(PurePath(path).suffix or "no suffix", kind)] += 1
    api.expect_no_rejection()
    print(f"\n{package}")
    for (suffix, kind), count in sorted(outcomes.items()):
        print(f"  {suffix:10} {kind:12} {count:4}")
    print("\n".join(notes))
    assert outcomes
    assert not any("the reader failed" in each or "broke the reader" in each for each in notes)
