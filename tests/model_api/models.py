"""What each family of OpenAI's models supports, as far as requests are rejected over it.

Efforts: a table "verified against the OpenAI API" up to GPT-5.2 (community.openai.com/t/1371738)
and another (qiita.com/hanaya/items/51720cb429d543874abe); for GPT-5.6 its model page, quoted in
infiniflow/ragflow#19856; GPT-5.4 and 5.5 as in enricoros/big-AGI#1159.
Verbosity: enricoros/big-AGI#947 asked every model. One that does not support the parameter takes
`medium` alone (google-deepmind/concordia#164).
Windows: OpenAI's model pages. Of GPT-5's 400,000 tokens 272,000 are for the input
(cline/cline#5474, RooCodeInc/Roo-Code#6856); the same is taken for later models whose page is not
on record.
Image tokens: "Calculating costs" in OpenAI's guide on images and vision.
"""

import re
from dataclasses import dataclass

_REASONED = ("low", "medium", "high")
_EVERY_VERBOSITY = ("low", "medium", "high")


@dataclass(frozen=True)
class Tiles:
    """Tokens by squares of 512 pixels, after the image is scaled to 2048 and a side of 768."""

    base: int
    each: int


@dataclass(frozen=True)
class Patches:
    """Tokens by squares of 32 pixels, 1,536 at most, times a factor."""

    factor: float


@dataclass(frozen=True)
class Model:
    """A family. `efforts` is empty where `reasoning` is rejected; windows are in tokens.

    `effort` is the default. Sampling parameters (`temperature`, `top_p`) are rejected while the
    model reasons: OpenAI's guide to GPT-5.2 ("only supported with reasoning effort set to none").
    """

    window: int
    images: Tiles | Patches
    efforts: tuple[str, ...] = ()
    effort: str | None = None
    verbosities: tuple[str, ...] = ("medium",)

    @property
    def reasons(self) -> bool:
        return bool(self.efforts)

    def takes_sampling(self, effort: str | None) -> bool:
        return not self.reasons or (effort or self.effort) == "none"


def _gpt_5(efforts: str, effort: str, *, window: int = 272_000, images: Patches | Tiles) -> Model:
    return Model(window, images, tuple(efforts.split()), effort, _EVERY_VERBOSITY)


_DATE = r"(?:-\d{4}-\d{2}-\d{2})?"
_NEWER = Patches(1.0)
_FAMILIES: tuple[tuple[str, Model], ...] = (
    ("gpt-5", _gpt_5("minimal low medium high", "medium", images=Tiles(70, 140))),
    ("gpt-5-mini", _gpt_5("minimal low medium high", "medium", images=Patches(1.62))),
    ("gpt-5-nano", _gpt_5("minimal low medium high", "medium", images=Patches(2.46))),
    ("gpt-5-pro", _gpt_5("high", "high", images=Tiles(70, 140))),
    ("gpt-5-codex", _gpt_5("low medium high", "medium", images=Tiles(70, 140))),
    (r"gpt-5\.1(-mini)?", _gpt_5("none low medium high", "none", images=Tiles(70, 140))),
    (r"gpt-5\.1-codex(-mini)?", _gpt_5("low medium high", "medium", images=Tiles(70, 140))),
    (r"gpt-5\.1-codex-max", _gpt_5("low medium high xhigh", "medium", images=Tiles(70, 140))),
    (r"gpt-5\.2", _gpt_5("none low medium high xhigh", "none", images=_NEWER)),
    (r"gpt-5\.[245]-pro", _gpt_5("medium high xhigh", "medium", images=_NEWER)),
    (r"gpt-5\.[23]-codex", _gpt_5("low medium high xhigh", "medium", images=_NEWER)),
    (r"gpt-5\.4(-mini|-nano)?", _gpt_5("none low medium high xhigh", "none", images=_NEWER)),
    (r"gpt-5\.5", _gpt_5("none low medium high xhigh", "medium", images=_NEWER)),
    (
        r"gpt-5\.6(-sol|-terra|-luna)?",
        _gpt_5("none low medium high xhigh max", "medium", window=1_050_000, images=_NEWER),
    ),
    ("gpt-5-chat-latest", Model(128_000, Tiles(70, 140))),
    (
        r"gpt-5\.[123]-chat-latest",
        Model(128_000, Tiles(70, 140), ("medium",), "medium", _EVERY_VERBOSITY),
    ),
    (r"o1(-pro)?|o3(-pro)?|o3-mini", Model(200_000, Tiles(75, 150), _REASONED, "medium")),
    ("o4-mini", Model(200_000, Patches(1.72), _REASONED, "medium")),
    (r"gpt-4\.1", Model(1_047_576, Tiles(85, 170))),
    (r"gpt-4\.1-mini", Model(1_047_576, Patches(1.62))),
    (r"gpt-4\.1-nano", Model(1_047_576, Patches(2.46))),
    ("gpt-4o-mini", Model(128_000, Tiles(2833, 5667))),
    ("gpt-4o|chatgpt-4o-latest|gpt-4-turbo", Model(128_000, Tiles(85, 170))),
    ("gpt-4", Model(8_192, Tiles(85, 170))),
    ("gpt-3\\.5-turbo", Model(16_385, Tiles(85, 170))),
)

TRANSCRIBERS = (
    *("whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
    *("gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize"),
)
"""`CreateTranscriptionRequest.model` of the document."""


def model_named(name: str) -> Model:
    """The family's facts; a name of no family gets those of GPT-4o, which supports the least."""
    for pattern, model in _FAMILIES:
        if re.fullmatch(f"(?:{pattern}){_DATE}", name):
            return model
    return Model(128_000, Tiles(85, 170))
