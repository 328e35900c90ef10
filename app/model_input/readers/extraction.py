"""Text out of documents, for models that take none: the optional extra `documents`.

Kreuzberg was chosen because it is one self-contained wheel that reads every format of kinds.py in
milliseconds; markitdown, the other well-kept one, brings 300 MB of numpy and onnxruntime along.
Runs in a worker process.
"""

import importlib.util

from app.model_input.readers.unreadable import Unreadable


def is_available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("kreuzberg") is not None


def extract(body: bytes, mime_type: str) -> str | Unreadable:
    """The document's text as Markdown. Pages that are only scanned give none."""
    import kreuzberg  # optional, and only workers have to load it

    # Neither OCR nor a cache on disk: both would leave files or downloads behind.
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        output_format="markdown",
        disable_ocr=True,  # type: ignore[call-arg]  # missing in the library's own stub
    )
    try:
        return str(kreuzberg.extract_bytes_sync(body, mime_type, config).content)
    except kreuzberg.KreuzbergError as problem:
        return Unreadable(f"no text could be extracted ({str(problem)[:200]})")
