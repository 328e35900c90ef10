"""Decodes text, and says which encoding it found or guessed."""

from dataclasses import dataclass

from app.file_types.encodings import find_encoding
from app.model_input.readers.unreadable import Unreadable

_SAMPLE_BYTES = 200_000
# No model API takes U+0000. This is Unicode's picture of it.
_NUL, _SHOWN_NUL = "\x00", "\N{SYMBOL FOR NULL}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text. `encoding` is the name of a Python codec."""

    text: str
    encoding: str
    is_guess: bool = False

    @property
    def remark(self) -> str:
        """The remark on the encoding."""
        if self.is_guess:
            return f"encoding guessed: {self.encoding}"
        return f"encoding {self.encoding}"


def decode(body: bytes) -> Decoded | Unreadable:
    """Decode a text of any encoding. U+0000 becomes U+2400, the symbol for it."""
    found = find_encoding(body[:_SAMPLE_BYTES])
    if found is None:
        return Unreadable("it is binary, not text")
    text = body.decode(found.codec, "replace").replace(_NUL, _SHOWN_NUL)
    return Decoded(text, found.codec.removesuffix("-sig"), found.is_guess)
