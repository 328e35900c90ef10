"""A newspaper's guide: the reader chooses in the composer who answers.

    make run ASSISTANT=examples/newsroom.py:Newsroom

Shows tools of the composer that route between three agents, a choice of models, articles that can
be mentioned, a list whose lines act without an answer, a workflow, and request headers.
"""

from collections.abc import Sequence
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import Action
from chatkit.types import (
    SearchTask,
    SyncCustomActionResponse,
    ThreadMetadata,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    WidgetItem,
    Workflow,
)
from chatkit.widgets import DynamicWidgetRoot
from openai.types.responses import ResponseInputContentParam, ResponseInputTextParam
from pydantic import BaseModel

from app.assistant import (
    AnswerContext,
    Assistant,
    ComposerModel,
    ComposerTool,
    Entity,
    RequestContext,
    ThreadWriter,
)


class Article(BaseModel):
    """An article of the newspaper."""

    id: str
    title: str
    text: str
    is_event: bool = False


ARTICLES = {
    article.id: article
    for article in (
        Article(id="article_bridge", title="The bridge reopens", text="Cars may cross on Monday."),
        Article(id="article_choir", title="Choir in the park", text="Sunday, 3 pm.", is_event=True),
        Article(id="article_owls", title="Owls in the tower", text="Four chicks have hatched."),
    )
}


@function_tool
async def search_articles(
    context: RunContextWrapper[AnswerContext], words: str
) -> list[dict[str, Any]]:
    """Search the newspaper."""
    answer = context.context
    await answer.start_workflow(Workflow(type="custom", tasks=[]))
    found = [each for each in ARTICLES.values() if words.casefold() in each.title.casefold()]
    sources = [URLSource(url=f"https://news.example/{each.id}", title=each.title) for each in found]
    await answer.add_workflow_task(SearchTask(title_query=words, queries=[words], sources=sources))
    await answer.end_workflow()
    return [each.model_dump() for each in found]


@function_tool
async def show_events(context: RunContextWrapper[AnswerContext]) -> str:
    """Show the events of the week as a list."""
    events = [each for each in ARTICLES.values() if each.is_event]
    await context.context.stream_widget(list_of(events))
    return "The list is shown."


@function_tool
async def show_articles(context: RunContextWrapper[AnswerContext], ids: list[str]) -> str:
    """Show articles as a list."""
    await context.context.stream_widget(list_of([ARTICLES[id] for id in ids if id in ARTICLES]))
    return "The list is shown."


def list_of(articles: Sequence[Article], read: str | None = None) -> DynamicWidgetRoot:
    """Return a list of articles; one of them may be marked as read."""
    lines = [
        {
            "type": "ListViewItem",
            # Not streamed: the page calls `sync_action`, and the model does not answer.
            "onClickAction": {
                "type": "mark_read",
                "payload": {"id": article.id},
                "streaming": False,
            },
            "children": [
                {"type": "Text", "value": article.title},
                *([{"type": "Badge", "label": "Read"}] if article.id == read else []),
            ],
        }
        for article in articles
    ]
    return DynamicWidgetRoot.model_validate({"type": "ListView", "children": lines})


puzzle_maker = Agent[Any](
    name="Puzzle maker",
    instructions="You make a puzzle of five questions from the articles that the user names.",
    tools=[search_articles],
)
event_finder = Agent[Any](
    name="Event finder",
    instructions="You help to choose among this week's events. Show them first.",
    tools=[show_events],
)
editor = Agent[Any](
    name="Editor",
    instructions="You help to find articles and explain what is in them.",
    tools=[search_articles, show_articles],
    handoffs=[puzzle_maker, event_finder],
)
BY_TOOL = {"puzzle": puzzle_maker, "events": event_finder}


class ArticleWriter(ThreadWriter):
    """Writes a mentioned article for the model."""

    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        article = ARTICLES.get(tag.id)
        if article is None:
            return await super().tag_to_message_content(tag)
        text = f"<article>{article.model_dump_json()}</article>"
        return ResponseInputTextParam(type="input_text", text=text)


class Newsroom(Assistant):
    """Answers with the agent that the reader chose in the composer."""

    composer_models = (
        ComposerModel("gpt-5-mini", "Fast", default=True),
        ComposerModel("gpt-5.1", "Thorough", "Takes longer."),
    )
    composer_tools = (
        ComposerTool("puzzle", "Make a puzzle", "lightbulb", placeholder="A puzzle about …"),
        ComposerTool("events", "Find events", "calendar", pinned=True),
    )
    context_headers = ("x-edition",)

    async def choose_agent(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> Agent[Any]:
        choice = input_user_message.inference_options.tool_choice if input_user_message else None
        agent = BY_TOOL.get(choice.id, editor) if choice else editor
        edition = context.headers.get("x-edition", "morning")
        return agent.clone(instructions=f"{agent.instructions} Use the {edition} edition.")

    def thread_writer(self, thread: ThreadMetadata, context: RequestContext) -> ArticleWriter:
        return ArticleWriter()

    async def search_entities(self, query: str, context: RequestContext) -> Sequence[Entity]:
        return [
            Entity(article.id, article.title, "Articles", "document", interactive=False)
            for article in ARTICLES.values()
            if query.casefold() in article.title.casefold()
        ]

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        """Mark an article of a list as read; the model does not answer."""
        if sender is None or action.type != "mark_read":
            return await super().sync_action(thread, action, sender, context)
        shown = [ARTICLES[id] for id in ARTICLES if id in sender.widget.model_dump_json()]
        sender.widget = list_of(shown, read=action.payload["id"])
        await self.store.save_item(thread.id, sender, context)
        return SyncCustomActionResponse(updated_item=sender)
