"""Extracts the text of documents for models that take no documents: the extra `documents`.

Kreuzberg is one self-contained wheel that reads every format of kinds.py in milliseconds.
Markitdown, which is as well kept, depends on 300 MB of numpy and onnxruntime. It runs in a worker
process.
"""

import importlib.util

from app.model_input.readers.unreadable import Unreadable


def is_available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("kreuzberg") is not None


def extract(body: bytes, mime_type: str) -> str | Unreadable:
    """Return the text of a document as Markdown. A page that was only scanned has no text."""
    import kreuzberg  # optional, and needed in workers only

    # OCR would download models, and the cache would write files.
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        output_format="markdown",
        disable_ocr=True,  # type: ignore[call-arg]  # missing in the library's own stub
    )
    try:
        return str(kreuzberg.extract_bytes_sync(body, mime_type, config).content)
    except kreuzberg.KreuzbergError as problem:
        return Unreadable(f"no text could be extracted ({str(problem)[:200]})")
