"""Files that people attach, made on the spot."""

import io

from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload


def png(name: str = "chart.png", *, width: int = 320, height: int = 200) -> FilePayload:
    picture = Image.new("RGB", (width, height), "#fdfdfb")
    draw = ImageDraw.Draw(picture)
    for index in range(6):
        left = width * (index + 0.5) / 7
        top = height * (0.8 - 0.1 * index)
        draw.rectangle((left, top, left + width / 10, height * 0.9), fill="#0f7a63")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return FilePayload(name=name, mimeType="image/png", buffer=buffer.getvalue())


def text(name: str = "notes.txt", body: str = "Milk\nBread\nTea\n") -> FilePayload:
    return FilePayload(name=name, mimeType="text/plain", buffer=body.encode())


def large_text(name: str, size: int) -> FilePayload:
    line = b"A line of a long text that takes its time on a slow line.\n"
    return FilePayload(
        name=name, mimeType="text/plain", buffer=(line * (size // len(line) + 1))[:size]
    )
