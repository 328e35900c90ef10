"""Rules of content and its size: cases for `test_rules`."""

from typing import Any

from tests.corpus import animated, image, pdf
from tests.unit.model_api.asking import (
    chat_file,
    chat_user,
    completions,
    input_file,
    input_image,
    responses,
    user,
)
from tests.unit.model_api.cases import Case, World

Json = dict[str, Any]
MEGABYTE = 1024 * 1024


def image_of_type(mime_type: str) -> Json:
    return {
        "type": "image_url",
        "image_url": {"url": input_image(mime_type=mime_type)["image_url"]},
    }


def large_image(megabytes: int) -> bytes:
    """A PNG with bytes behind its end, which decoders ignore."""
    return image("PNG") + bytes(megabytes * MEGABYTE)


def large_document(megabytes: int) -> Json:
    """No text, so that its tokens are not counted one by one."""
    return input_file("a.docx", b"\xff" * megabytes * MEGABYTE, "application/msword")


def by_id(file_id: str) -> Json:
    return user({"type": "input_file", "file_id": file_id})


def large_by_id(world: World, megabytes: int) -> Json:
    return by_id(world.uploaded("a.docx", b"\xff" * megabytes * MEGABYTE))


def image_by_id(file_id: str) -> Json:
    return user({"type": "input_image", "file_id": file_id, "detail": "auto"})


CONTENT = [
    Case(
        "requests_have_50_megabytes_at_most",
        responses([user(large_document(36))], truncation="auto"),
        responses([user(large_document(38))], truncation="auto"),
        "Maximum content size limit (52428800) exceeded",
        413,
    ),
    Case(
        "named_files_have_50_megabytes_at_most",
        lambda world: responses([large_by_id(world, 49)], truncation="auto"),
        lambda world: responses([large_by_id(world, 50)], truncation="auto"),
        "The total size of the files",
    ),
    Case(
        "roles_have_their_own_parts",
        responses(
            [
                {
                    "role": "assistant",
                    "type": "message",
                    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
                },
                user(),
            ]
        ),
        responses([{"role": "assistant", "content": [{"type": "input_text", "text": "Hi"}]}]),
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    ),
    Case(
        "content_is_not_empty",
        responses([user()]),
        responses([{"role": "user", "content": []}]),
        "Invalid 'input[0].content': empty array.",
    ),
    Case(
        "answers_have_content_or_calls",
        completions({"role": "assistant", "content": "Hi"}, chat_user()),
        completions({"role": "assistant", "content": None}, chat_user()),
        "Invalid value for 'content': expected a string, got null.",
    ),
    Case(
        "images_are_what_they_say",
        responses([user(*map(input_image, [image("PNG"), None]))]),
        responses([user(input_image(image("JPEG"), "image/png"))]),
        "does not represent a valid image",
    ),
    Case(
        "images_are_what_they_say",
        responses([user(input_image(image("GIF"), "image/gif"))]),
        responses([user(input_image(animated("GIF"), "image/gif"))]),
        "does not represent a valid image",
    ),
    Case(
        "images_are_what_they_say",
        completions(chat_user(image_of_type("image/png"))),
        completions(chat_user(image_of_type("image/tiff"))),
        "invalid_image_format",
    ),
    Case(
        "images_are_what_they_say",
        responses([user(input_image(image("JPEG"), "image/jpeg"))]),
        responses([user(input_image(image("JPEG")[:400], "image/jpeg"))]),
        "does not represent a valid image",
    ),
    Case(
        "images_have_20_megabytes_at_most",
        responses([user(input_image(large_image(19)))]),
        responses([user(input_image(large_image(21)))]),
        "below 20 MB",
    ),
    Case(
        "requests_have_500_images_at_most",
        responses([user(*[input_image()] * 500)], truncation="auto"),
        responses([user(*[input_image()] * 501)], truncation="auto"),
        "The maximum is 500.",
    ),
    Case(
        "file_data_comes_with_a_name",
        responses([user(input_file("a.txt"))]),
        responses([user(input_file(None))]),
        "Missing required parameter: 'input[0].content[1]'.",
    ),
    Case(
        "file_data_comes_with_a_name",
        completions(chat_user(chat_file("a.pdf", pdf("x"), "application/pdf"))),
        completions(chat_user(chat_file(None, pdf("x"), "application/pdf"))),
        "Missing required parameter: 'messages[0].content[1].file.file_id'.",
    ),
    Case(
        "file_data_is_a_data_url",
        responses([user(input_file("a.txt"))]),
        responses([user({"type": "input_file", "filename": "a.txt", "file_data": "aGk="})]),
        "Expected a base64-encoded data URL",
    ),
    Case(
        "files_have_a_suffix_that_is_taken",
        responses([user(input_file("a.docx", b"PK", "application/zip"))]),
        responses([user(input_file("a.zip", b"PK", "application/zip"))]),
        "The file type you uploaded is not supported.",
    ),
    Case(
        "files_have_a_suffix_that_is_taken",
        lambda world: responses([by_id(world.uploaded("a.csv", b"1,2"))]),
        lambda world: responses([by_id(world.uploaded("a.ods", b"PK"))]),
        "The file type you uploaded is not supported.",
    ),
    Case(
        "chat_completions_take_pdf_alone",
        completions(chat_user(chat_file("a.pdf", pdf("x"), "application/pdf"))),
        completions(chat_user(chat_file("a.txt", b"x", "text/plain"))),
        "but got unsupported MIME type 'text/plain'.",
    ),
    Case(
        "file_ids_are_held",
        lambda world: responses([by_id(world.uploaded("a.pdf", pdf("x")))]),
        responses([by_id("file-gone")]),
        "No such File object: file-gone",
        404,
    ),
    Case(
        "uploaded_images_are_images",
        lambda world: responses([image_by_id(world.uploaded("a.png", image("PNG")))]),
        lambda world: responses([image_by_id(world.uploaded("a.tiff", image("TIFF")))]),
        "does not represent a valid image",
    ),
    Case(
        "the_prompt_fits_the_window",
        responses("word " * 100_000),
        responses("word " * 300_000),
        "context_length_exceeded",
    ),
    Case(
        "the_prompt_fits_the_window",
        completions(chat_user(text="word " * 100_000), model="gpt-4o"),
        completions(chat_user(text="word " * 130_000), model="gpt-4o"),
        "This model's maximum context length is 128000 tokens.",
    ),
]
