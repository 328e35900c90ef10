"""How many tokens a request has, and how many of them come from the cache."""

import pytest
from openai import OpenAI

from tests.corpus import PHRASE, image, pdf, word
from tests.model_api import ModelApi
from tests.model_api.models import model_named
from tests.model_api.tokens import file_tokens, image_tokens, text_tokens
from tests.unit.model_api.asking import ask, chat_user, completions, input_image, responses, user
from tests.unit.model_api.counted_texts import COUNTED

WORDS = "word " * 2000


@pytest.mark.parametrize("name", COUNTED)
def test_the_estimate_is_near_the_count_of_o200k(name: str) -> None:
    text, counted = COUNTED[name]
    assert 0.8 * counted <= text_tokens(text) <= 1.2 * counted


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        # The examples of OpenAI's guide on images and vision.
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4.1-mini", (1024, 1024), "high", 1659),
        ("gpt-5-mini", (1024, 1024), None, 1659),
        ("gpt-5-mini", (4000, 3000), None, 2489),
        ("gpt-5-nano", (64, 32), None, 5),
        ("gpt-5", (512, 512), None, 210),
    ],
)
def test_images_count_by_tiles_or_patches(
    model: str, size: tuple[int, int], detail: str | None, tokens: int
) -> None:
    assert image_tokens(*size, model_named(model), detail) == tokens


def test_pages_of_a_pdf_count_and_text_files_count_as_text() -> None:
    model = model_named("gpt-5-mini")
    one, three = (file_tokens("pdf", pdf(*["x"] * pages), model) for pages in (1, 3))
    assert three == 3 * one > 1000
    assert file_tokens("csv", PHRASE.encode(), model) == text_tokens(PHRASE) == 4
    assert file_tokens("docx", word(), model) > 100


def cached(client: OpenAI, body: dict[str, object]) -> int:
    usage = ask(client, body).usage
    if "messages" in body:
        return int(usage.prompt_tokens_details.cached_tokens)
    return int(usage.input_tokens_details.cached_tokens)


def test_a_prompt_comes_from_the_cache_in_blocks_of_128(api: ModelApi, client: OpenAI) -> None:
    assert cached(client, responses([user(text=WORDS)])) == 0
    assert cached(client, responses([user(text=WORDS)])) == 1920
    grown = responses([user(text=WORDS), user(text="And now?")])
    assert cached(client, grown) == 1920
    other_end = responses([user(text=WORDS[:-500] + "end")])
    assert cached(client, other_end) == 1792


def test_prompts_under_1024_tokens_are_not_cached(api: ModelApi, client: OpenAI) -> None:
    short = responses([user(text="word " * 1000)])
    assert [cached(client, short) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    "other",
    [
        {"instructions": "Be long."},
        {"model": "gpt-5"},
        {"prompt_cache_key": "thr_2"},
        {"tools": [{"type": "web_search"}]},
    ],
)
def test_the_cache_is_of_one_model_one_key_and_one_beginning(
    other: dict[str, object], api: ModelApi, client: OpenAI
) -> None:
    same = responses([user(text=WORDS)], instructions="Be brief.", prompt_cache_key="thr_1")
    assert [cached(client, same) for _ in range(2)] == [0, 1920]
    assert cached(client, same | other) == 0


def test_another_image_ends_what_is_shared(api: ModelApi, client: OpenAI) -> None:
    def body(size: tuple[int, int]) -> dict[str, object]:
        return responses([user(input_image(image("PNG", size=size))), user(text=WORDS)])

    assert cached(client, body((64, 48))) == 0
    assert cached(client, body((64, 49))) == 0
    assert cached(client, body((64, 48))) == 1920


def test_chat_completions_are_cached_the_same(api: ModelApi, client: OpenAI) -> None:
    body = completions(chat_user(text=WORDS))
    assert [cached(client, body) for _ in range(2)] == [0, 1920]
