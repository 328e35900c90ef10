"""The models and tools that the composer offers, and the effect of a choice on an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chatkit.types import InferenceOptions, ThreadItem, UserMessageItem

from app.chat.agent import ChatAgent
from app.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class ComposerModel:
    """A model that a person can choose (chatkit-js: `ModelOption`). `id` is the provider's name."""

    id: str
    label: str
    description: str | None = None
    default: bool = False


@dataclass(frozen=True, slots=True)
class ComposerTool:
    """A tool that a person can choose (chatkit-js: `ToolOption`). `icon` is one of ChatKit's.

    If the agent that answers has a tool of the name `id`, the model has to call it first. Any other
    id is for the assistant's own code: `Assistant.choose_agent` can route by it.
    """

    id: str
    label: str
    icon: str
    short_label: str | None = None
    placeholder: str | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Composer:
    """The models and tools that are offered. `default_model` is, even if `models` lacks it."""

    default_model: str
    models: Sequence[ComposerModel] = field(default=())
    tools: Sequence[ComposerTool] = field(default=())

    def check(self, options: InferenceOptions) -> None:
        """Raise `InvalidRequest` for a model or tool that is not offered."""
        models = dict.fromkeys([self.default_model, *(model.id for model in self.models)])
        if options.model is not None and options.model not in models:
            raise InvalidRequest(
                f"The model “{options.model}” can't be chosen here. Choose one of:"
                f" {', '.join(models)}.",
                param="inference_options.model",
            )
        tools = [tool.id for tool in self.tools]
        if options.tool_choice is not None and options.tool_choice.id not in tools:
            offered = f"Choose one of: {', '.join(tools)}." if tools else "Choose none."
            raise InvalidRequest(
                f"The tool “{options.tool_choice.id}” can't be chosen here. {offered}",
                param="inference_options.tool_choice",
            )


def latest_options(history: Sequence[ThreadItem]) -> InferenceOptions:
    """Return the options of the user's newest message, which apply until the next one."""
    messages = (item for item in reversed(history) if isinstance(item, UserMessageItem))
    newest = next(messages, None)
    return newest.inference_options if newest else InferenceOptions()


def with_choice(agent: ChatAgent, options: InferenceOptions) -> ChatAgent:
    """Return the agent, which has to call the chosen tool if it has a tool of that name."""
    choice = options.tool_choice
    if choice is None or all(tool.name != choice.id for tool in agent.tools):
        return agent
    return agent.clone(model_settings=replace(agent.model_settings, tool_choice=choice.id))
