"""The settings of the model and of its input."""

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import CommaSeparated, SettingsGroup

ModelApi = Literal["responses", "chat_completions"]
ModelInput = Literal["inline", "url", "files"]


class ChatModelSettings(SettingsGroup):
    """The model."""

    api_key: SecretStr | None = Field(None, alias="OPENAI_API_KEY")
    """The key of the model's provider. Empty: an offline model answers by describing what it
    received."""

    base_url: str | None = Field(None, alias="OPENAI_BASE_URL")
    """The URL of another provider that speaks OpenAI's API; it usually ends in /v1."""

    name: str = Field("gpt-5-mini", alias="MODEL")
    """The name by which the provider knows the model."""

    api: ModelApi = Field("responses", alias="MODEL_API")
    """`chat_completions` is for providers without the Responses API. The model then gets the text
    of documents, and pictures of the pages of a PDF that have no text."""

    input: ModelInput = Field("inline", alias="MODEL_INPUT")
    """`inline` sends the bytes of files to the model. `url` sends links to the bucket, which then
    has to be reachable from the internet. `files` uploads each file once to the provider's Files
    API, sends its id in every turn, and deletes it there when it is deleted here. Without that API,
    files are sent inline."""

    agent: str | None = Field(None, alias="AGENT")
    """Your own agent, as `module:function`: see docs/own_agent.py."""

    titles: bool = Field(True, alias="TITLES")
    """Whether a new thread gets a title from its first message. A title that a tool, an agent or a
    person has given is never replaced."""

    assistant: str | None = Field(None, alias="ASSISTANT")
    """Your own assistant, as `path/to/file.py:Class` or `module:Class`: see docs/migrating.md."""

    models: CommaSeparated = Field((), alias="MODELS")
    """Models that a person can choose in the composer. MODEL answers if none is chosen."""

    transcription_model: str = Field("gpt-4o-mini-transcribe", alias="TRANSCRIPTION_MODEL")
    """The model that turns speech into text: what people dictate, and recordings that they attach.
    `off`: neither is offered, for providers without OpenAI's audio API."""

    image_max_side: int = Field(2048, alias="MODEL_IMAGE_MAX_SIDE", ge=64)
    """Pixels of an image's longer side; larger images are scaled down. Providers scale them down
    anyway, after the upload."""

    max_text_chars: int = Field(100_000, alias="MODEL_MAX_TEXT_CHARS", ge=1000)
    """A longer text is cut; the model can fetch the next part."""

    max_request_bytes: int = Field(45_000_000, alias="MODEL_MAX_REQUEST_BYTES", ge=1_000_000)
    """The largest request to the model. If files have no room, notes replace the oldest. OpenAI
    rejects requests with more than 50 MB of files."""

    context_tokens: int | None = Field(None, alias="MODEL_CONTEXT_TOKENS", ge=4_000)
    """How many tokens of input the model reads. Empty: the window of `MODEL` if its name is known,
    and 128,000 for other names. A request that is too long is sent again with less."""

    max_images: int = Field(100, alias="MODEL_MAX_IMAGES", ge=0)
    """The most images in one request to the model."""

    cache_bytes: int = Field(256 * 1024 * 1024, alias="MODEL_CACHE_BYTES", ge=0)
    """Memory for converted files, so that the next question does not read them again."""

    @property
    def transcribes(self) -> bool:
        """Whether speech can be turned into text."""
        return self.api_key is not None and self.transcription_model.lower() != "off"
