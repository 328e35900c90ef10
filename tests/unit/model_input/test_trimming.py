"""A request stays within its limits, with all that the run of the agent adds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.model_input.announcements import attachment_parts, text_part
from app.model_input.budget import Budget, json_bytes
from app.model_input.labels import LabelledPart
from app.model_input.rendition import Rendition
from app.model_input.trimming import trimmed
from tests.unit.fakes.attachments import Row

RESERVED_BYTES = 45_000_000 - Budget(45_000_000).limit.bytes


def message(number: int, *parts: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [text_part(f"m{number}"), *parts]}


def picture(number: int, chars: int) -> list[LabelledPart]:
    row = Row(f"atc_{number}", "a.png", "image/png", 1, "k", "e")
    return attachment_parts(row, Rendition("image", "data:image/png;base64," + "A" * chars))


@given(st.lists(st.integers(0, 300_000), max_size=8), st.integers(0, 8))
def test_a_request_stays_within_its_limits(sizes: list[int], max_images: int) -> None:
    budget = Budget(max_request_bytes=RESERVED_BYTES + 500_000, max_images=max_images)
    items = [message(n, *picture(n, size)) for n, size in enumerate(sizes)]
    kept = trimmed(items, budget)
    assert json_bytes(kept) <= 500_000
    images = [p for item in kept for p in item["content"] if p["type"] == "input_image"]
    assert len(images) <= max_images
    if sizes and max_images:
        assert kept[-1]["content"][-1]["type"] == "input_image"


def test_a_conversation_too_long_without_files_loses_its_first_messages() -> None:
    budget = Budget(max_request_bytes=RESERVED_BYTES + 10_000)
    items = [message(n, text_part("x" * 3000)) for n in range(6)]
    kept = trimmed(items, budget)
    assert "Earlier messages" in kept[0]["content"][0]["text"]
    assert kept[-1] == items[-1]
    assert json_bytes(kept[1:]) <= 10_000
