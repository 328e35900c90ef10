"""What a file of each kind adds to a request: bytes, and tokens as the stand-in model counts them.

The files are those of tests/corpus.py and a few large ones. Tokens are estimates
(tests/model_api/tokens.py).
"""

import asyncio
import base64
import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from app.model_input.announcements import attachment_parts
from app.model_input.budget import json_bytes
from app.model_input.labels import LabelledPart
from app.workers import Workers
from tests.corpus import SAMPLES
from tests.model_api.models import model_named
from tests.model_api.tokens import file_tokens, image_tokens, text_tokens
from tests.unit.chat.test_file_tools import long_pdf
from tests.unit.fakes.attachments import Attachments

MODEL = model_named("gpt-5-mini")


def main() -> None:
    asyncio.run(_measure())


async def _measure() -> None:
    attachments = Attachments()
    renderer = attachments.renderer(workers=Workers())
    files = [(sample.name, sample.mime_type, sample.make()) for sample in SAMPLES]
    rows = "".join(f"{n},{n % 97},name {n}\n" for n in range(300_000))
    files.append(("300,000 rows.csv", "text/csv", f"id,group,name\n{rows}".encode()))
    files.append(("120 pages.pdf", "application/pdf", long_pdf()))
    print(f"{'file':24} {'its bytes':>12} {'request bytes':>14} {'tokens':>8}  as", flush=True)
    for name, mime_type, body in files:
        row = attachments.rows[attachments.add(name, mime_type, body).id]
        rendition = await renderer.render(row)
        parts = attachment_parts(row, rendition)
        tokens = sum(map(_tokens, parts))
        print(
            f"{name:24} {len(body):12,} {_bytes(parts):14,} {tokens:8,}  {rendition.kind}",
            flush=True,
        )


def _bytes(parts: Sequence[LabelledPart]) -> int:
    return sum(json_bytes(dict(part)) for part in parts)


def _tokens(part: dict[str, Any]) -> int:
    if part["type"] == "input_text":
        return text_tokens(part["text"])
    url = part.get("image_url") or part["file_data"]
    body = base64.b64decode(url.partition(",")[2])
    if part["type"] == "input_image":
        return image_tokens(*Image.open(io.BytesIO(body)).size, MODEL)
    return file_tokens(part["filename"].rpartition(".")[2], body, MODEL)
