"""Extracts the text of documents as Markdown, in a worker process.

Kreuzberg is one self-contained wheel that reads every document format of the table in milliseconds.
Markitdown, which is as well kept, depends on 300 MB of numpy and onnxruntime.
"""

from app.model_input.readers.unreadable import Unreadable


def extract(body: bytes, mime_type: str) -> str | Unreadable:
    """Return the text of a document as Markdown. Scanned pages give no text."""
    import kreuzberg  # takes a tenth of a second, and is needed in workers only

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
    except BaseException as problem:
        # A panic of the library's Rust code, whose class can't be imported or pickled.
        if type(problem).__name__ == "PanicException":
            return Unreadable("no text could be extracted: the file is damaged or of a rare kind")
        raise
