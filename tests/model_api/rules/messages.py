"""Rules of chat completions' messages: calls of tools and their answers."""

from tests.model_api.contents import items_of
from tests.model_api.rejections import Rejection
from tests.model_api.rules.rule import CHAT, Found, Request, rule


@rule("simonw/llm#937, miurla/morphic#136", apis=CHAT)
def tool_messages_follow_their_calls(request: Request) -> Found:
    open_calls: set[str] = set()
    for index, (_, message) in enumerate(items_of(request.body)):
        if message["role"] != "tool":
            open_calls = {call["id"] for call in message.get("tool_calls") or ()}
        elif message["tool_call_id"] not in open_calls:
            yield Rejection(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding"
                " message with 'tool_calls'.",
                None,
                f"messages.[{index}].role",
            )


@rule("microsoft/promptflow#3130, QwenLM/qwen-code#606", apis=CHAT)
def calls_are_answered_by_tool_messages(request: Request) -> Found:
    messages = [message for _, message in items_of(request.body)]
    for index, message in enumerate(messages):
        unanswered = [call["id"] for call in message.get("tool_calls") or ()]
        for following in messages[index + 1 :]:
            if following["role"] != "tool":
                break
            unanswered = [id for id in unanswered if id != following["tool_call_id"]]
        if unanswered:
            yield Rejection(
                "An assistant message with 'tool_calls' must be followed by tool messages"
                " responding to each 'tool_call_id'. The following tool_call_ids did not have"
                f" response messages: {', '.join(unanswered)}",
                None,
                f"messages.[{index + 1}].role",
            )
