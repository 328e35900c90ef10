"""Which of OpenAI's two APIs the model is asked by, and how it gets the bytes of files."""

from typing import Literal

ModelApi = Literal["responses", "chat_completions"]
InputMode = Literal["inline", "url"]
