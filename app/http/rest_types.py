"""ChatKit's threads and items as the types of OpenAI's REST API (`openai.types.beta.chatkit`)."""

import json
from collections.abc import Sequence
from datetime import datetime

from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    CustomTask,
    FileSource,
    FileTask,
    ImageAttachment,
    ImageTask,
    InferenceOptions,
    SearchTask,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    URLSource,
    UserMessageContent,
    UserMessageItem,
    WidgetItem,
    WorkflowItem,
)
from openai.types.beta.chatkit import chatkit_response_output_text as output
from openai.types.beta.chatkit import chatkit_thread as rest_thread
from openai.types.beta.chatkit import chatkit_thread_item_list as rest_list
from openai.types.beta.chatkit import chatkit_thread_user_message_item as rest_message
from openai.types.beta.chatkit.chatkit_attachment import ChatKitAttachment
from openai.types.beta.chatkit.chatkit_thread_assistant_message_item import (
    ChatKitThreadAssistantMessageItem,
)
from openai.types.beta.chatkit.chatkit_widget_item import ChatKitWidgetItem
from openai.types.beta.chatkit.thread_delete_response import ThreadDeleteResponse

# ChatKit's items that have a counterpart. Generated images, structured inputs, hidden context and
# end-of-turn markers have none.
LISTED_TYPES = (
    "user_message",
    "assistant_message",
    "client_tool_call",
    "widget",
    "task",
    "workflow",
)


def to_rest_thread(thread: ThreadMetadata, user_id: str) -> rest_thread.ChatKitThread:
    return rest_thread.ChatKitThread(
        id=thread.id,
        created_at=_seconds(thread.created_at),
        object="chatkit.thread",
        status=_status(thread),
        title=thread.title,
        user=user_id,
    )


def to_rest_items(items: Sequence[ThreadItem]) -> list[rest_list.Data]:
    """Convert items of LISTED_TYPES. Raises `TypeError` for any other."""
    return [_item(item) for item in items]


def to_deletion(thread_id: str) -> ThreadDeleteResponse:
    return ThreadDeleteResponse(id=thread_id, deleted=True, object="chatkit.thread.deleted")


def _status(thread: ThreadMetadata) -> rest_thread.Status:
    match thread.status.type:
        case "active":
            return rest_thread.StatusActive(type="active")
        case "locked":
            return rest_thread.StatusLocked(type="locked", reason=thread.status.reason)
        case "closed":
            return rest_thread.StatusClosed(type="closed", reason=thread.status.reason)


def _item(item: ThreadItem) -> rest_list.Data:
    match item:
        case UserMessageItem():
            return _user_message(item)
        case AssistantMessageItem():
            return ChatKitThreadAssistantMessageItem(
                id=item.id,
                thread_id=item.thread_id,
                created_at=_seconds(item.created_at),
                object="chatkit.thread_item",
                type="chatkit.assistant_message",
                content=[_output_text(part) for part in item.content],
            )
        case WidgetItem():
            return ChatKitWidgetItem(
                id=item.id,
                thread_id=item.thread_id,
                created_at=_seconds(item.created_at),
                object="chatkit.thread_item",
                type="chatkit.widget",
                widget=item.widget.model_dump_json(exclude_none=True),
            )
        case ClientToolCallItem():
            return _tool_call(item)
        case TaskItem():
            kind, heading, summary = _task(item.task)
            return rest_list.DataChatKitTask(
                id=item.id,
                thread_id=item.thread_id,
                created_at=_seconds(item.created_at),
                object="chatkit.thread_item",
                type="chatkit.task",
                task_type="thought" if kind == "thought" else "custom",
                heading=heading,
                summary=summary,
            )
        case WorkflowItem():
            return rest_list.DataChatKitTaskGroup(
                id=item.id,
                thread_id=item.thread_id,
                created_at=_seconds(item.created_at),
                object="chatkit.thread_item",
                type="chatkit.task_group",
                tasks=[_grouped_task(task) for task in item.workflow.tasks],
            )
        case _:
            raise TypeError(f"{item.type} has no counterpart in OpenAI's API")


def _user_message(item: UserMessageItem) -> rest_message.ChatKitThreadUserMessageItem:
    content: list[rest_message.Content] = []
    if item.quoted_text is not None:
        content.append(rest_message.ContentQuotedText(type="quoted_text", text=item.quoted_text))
    content += [_input_text(part) for part in item.content]
    return rest_message.ChatKitThreadUserMessageItem(
        id=item.id,
        thread_id=item.thread_id,
        created_at=_seconds(item.created_at),
        object="chatkit.thread_item",
        type="chatkit.user_message",
        content=content,
        attachments=[_attachment(attachment) for attachment in item.attachments],
        inference_options=_inference_options(item.inference_options),
    )


def _input_text(part: UserMessageContent) -> rest_message.ContentInputText:
    """Convert a part to text. A tag, such as an @-mention, becomes its text."""
    return rest_message.ContentInputText(type="input_text", text=part.text)


def _attachment(attachment: Attachment) -> ChatKitAttachment:
    preview_url = str(attachment.preview_url) if isinstance(attachment, ImageAttachment) else None
    return ChatKitAttachment(
        id=attachment.id,
        name=attachment.name,
        mime_type=attachment.mime_type,
        type=attachment.type,
        preview_url=preview_url,
    )


def _inference_options(options: InferenceOptions) -> rest_message.InferenceOptions | None:
    if options.model is None and options.tool_choice is None:
        return None
    choice = options.tool_choice
    return rest_message.InferenceOptions(
        model=options.model,
        tool_choice=(
            None if choice is None else rest_message.InferenceOptionsToolChoice(id=choice.id)
        ),
    )


def _output_text(part: AssistantMessageContent) -> output.ChatKitResponseOutputText:
    annotations = [_annotation(annotation) for annotation in part.annotations]
    return output.ChatKitResponseOutputText(
        type="output_text",
        text=part.text,
        annotations=[annotation for annotation in annotations if annotation is not None],
    )


def _annotation(annotation: Annotation) -> output.Annotation | None:
    """Convert an annotation; those of entities have no counterpart."""
    match annotation.source:
        case URLSource(url=url):
            return output.AnnotationURL(
                type="url", source=output.AnnotationURLSource(type="url", url=url)
            )
        case FileSource(filename=filename):
            return output.AnnotationFile(
                type="file", source=output.AnnotationFileSource(type="file", filename=filename)
            )
        case _:
            return None


def _tool_call(item: ClientToolCallItem) -> rest_list.DataChatKitClientToolCall:
    completed = item.status == "completed"
    return rest_list.DataChatKitClientToolCall(
        id=item.id,
        thread_id=item.thread_id,
        created_at=_seconds(item.created_at),
        object="chatkit.thread_item",
        type="chatkit.client_tool_call",
        call_id=item.call_id,
        name=item.name,
        arguments=json.dumps(item.arguments),
        output=json.dumps(item.output) if completed else None,
        status="completed" if completed else "in_progress",
    )


def _grouped_task(task: Task) -> rest_list.DataChatKitTaskGroupTask:
    kind, heading, summary = _task(task)
    return rest_list.DataChatKitTaskGroupTask(
        type="thought" if kind == "thought" else "custom", heading=heading, summary=summary
    )


def _task(task: Task) -> tuple[str, str | None, str | None]:
    """Return kind, heading and summary. OpenAI has two kinds: `thought` and `custom`."""
    match task:
        case CustomTask() | ThoughtTask():
            return task.type, task.title, task.content
        case SearchTask():
            return task.type, task.title or task.title_query, ", ".join(task.queries) or None
        case FileTask():
            names = ", ".join(source.filename for source in task.sources)
            return task.type, task.title, names or None
        case ImageTask():
            return task.type, task.title, None


def _seconds(moment: datetime) -> int:
    """Return the Unix time. ChatKit's naive timestamps are in the server's local time."""
    return int(moment.timestamp())
