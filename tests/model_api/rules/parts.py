"""Rules of content: which parts a role may have, images, files, and how much of them."""

from collections.abc import Iterator

from tests.model_api.contents import FilePart, ImagePart, all_parts, items_of, raw_parts
from tests.model_api.media import IMAGE_TYPES, Picture, Remembered, data_url, picture
from tests.model_api.rejections import Rejection, empty_array, invalid_value
from tests.model_api.rules.rule import CHAT, RESPONSES, Found, Request, rule
from tests.model_api.uploads import Upload, no_such_file

_MEGABYTE = 1024 * 1024
_MOST_REQUEST_BYTES = 50 * _MEGABYTE
_MOST_IMAGE_BYTES = 20 * _MEGABYTE
_MOST_IMAGES = 500
_FILE_SUFFIXES = {
    "pdf",
    *("csv", "iif", "tsv", "xla", "xlb", "xlc", "xlm", "xls", "xlsx", "xlt", "xlw"),
    *("doc", "docx", "dot", "odt", "pages", "rtf"),
    *("key", "pot", "ppa", "pps", "ppt", "pptx", "pwz", "wiz"),
    *("asm", "bat", "c", "cc", "conf", "cpp", "css", "cxx", "def", "dic", "eml", "h", "hh", "htm"),
    *("html", "ics", "ifb", "in", "js", "json", "ksh", "list", "log", "markdown", "md", "mht"),
    *("mhtml", "mime", "mjs", "nws", "pl", "py", "rst", "s", "sql", "srt", "text", "txt", "vcf"),
    *("vtt", "xml"),
}
_IMAGES_GUIDE = "OpenAI's guide on images and vision, 'Image input requirements'"
_FILES_GUIDE = "OpenAI's guide on file inputs"


def _seen(url: str) -> Picture | None:
    found = data_url(url)
    return picture(found[1]) if found else None


_pictures = Remembered(_seen)


@rule(f"{_FILES_GUIDE}: under 50 MB a file and for all files of a request; {_IMAGES_GUIDE}: 50 MB")
def requests_have_50_megabytes_at_most(request: Request) -> Found:
    if request.length > _MOST_REQUEST_BYTES:
        yield Rejection(
            f"Maximum content size limit ({_MOST_REQUEST_BYTES}) exceeded"
            f" ({request.length} bytes read)",
            status=413,
        )


@rule(
    f"{_FILES_GUIDE}: 50 MB for all files of a request. It names no exception for files by id. The"
    " words are on no public record"
)
def named_files_have_50_megabytes_at_most(request: Request) -> Found:
    named = {file.file_id for file in _files(request) if file.file_id}
    uploads = [request.uploads.held[id] for id in named if id in request.uploads.held]
    total = request.length + sum(len(upload.body) for upload in uploads)
    if total > _MOST_REQUEST_BYTES:
        yield Rejection(
            f"The total size of the files in the request, {total} bytes, exceeds the maximum of"
            f" {_MOST_REQUEST_BYTES} bytes.",
            "invalid_value",
            "messages" if request.is_chat else "input",
        )


@rule("jeremychone/rust-genai#119, BerriAI/litellm#17507", apis=RESPONSES)
def roles_have_their_own_parts(request: Request) -> Found:
    for path, item in items_of(request.body):
        if "role" not in item:
            continue
        kinds: tuple[str, ...] = ("output_text", "refusal")
        if item["role"] != "assistant":
            kinds = ("input_text", "input_image", "input_file")
        for where, part in raw_parts(path, item):
            if part["type"] not in kinds:
                yield invalid_value(f"{where}.type", part["type"], kinds)


@rule("`ChatCompletionRequestMessage`: `minItems` is 1 for arrays of parts; taken for both APIs")
def content_is_not_empty(request: Request) -> Found:
    for path, item in items_of(request.body):
        if item.get("content") == [] and item.get("type") != "reasoning":
            yield empty_array(f"{path}.content")


@rule(
    "`ChatCompletionRequestAssistantMessage.content`: 'Required unless `tool_calls` or"
    " `function_call` is specified'",
    apis=CHAT,
)
def answers_have_content_or_calls(request: Request) -> Found:
    for path, message in items_of(request.body):
        filled = any(message.get(name) for name in ("content", "tool_calls", "refusal", "audio"))
        if message["role"] == "assistant" and not filled and message.get("content") is None:
            yield Rejection(
                "Invalid value for 'content': expected a string, got null.",
                None,
                f"{path}.content",
            )


@rule(
    f"{_IMAGES_GUIDE}: PNG, JPEG, WEBP, non-animated GIF; openai/codex#4946 (wording),"
    " STranslate/STranslate#277 (chat completions)"
)
def images_are_what_they_say(request: Request) -> Found:
    for image in _images(request):
        if image.url is None or image.url.startswith(("http://", "https://")):
            continue
        found = data_url(image.url)
        seen = _pictures(image.url)
        if found and seen and seen.mime_type == found[0] and _is_still(seen):
            continue
        if request.is_chat:
            yield Rejection(
                "You uploaded an unsupported image. Please make sure your image has of one the"
                " following formats: ['png', 'jpeg', 'gif', 'webp'].",
                "invalid_image_format",
            )
        yield Rejection(
            "The image data you provided does not represent a valid image. Please check your input"
            f" and try again with one of the supported image formats: {list(IMAGE_TYPES)}.",
            "invalid_value",
            "input",
        )


@rule(f"{_IMAGES_GUIDE}: up to 20 MB an image; CosmosShadow/gptpdf#6")
def images_have_20_megabytes_at_most(request: Request) -> Found:
    for image in _images(request):
        if (found := data_url(image.url or "")) and len(found[1]) > _MOST_IMAGE_BYTES:
            yield Rejection(
                "You uploaded an unsupported image. Please make sure your image is below 20 MB in"
                " size and is of one the following formats: ['png', 'jpeg', 'gif', 'webp'].",
                "image_too_large",
                image.param,
            )


@rule(f"{_IMAGES_GUIDE}: up to 500 images a request")
def requests_have_500_images_at_most(request: Request) -> Found:
    count = sum(1 for _ in _images(request))
    if count > _MOST_IMAGES:
        yield Rejection(
            f"Too many images in request: {count}. The maximum is {_MOST_IMAGES}.",
            "invalid_value",
            "messages" if request.is_chat else "input",
        )


@rule("laravel/ai#321 (Responses), openai/openai-agents-python#1513 (chat completions)")
def file_data_comes_with_a_name(request: Request) -> Found:
    for file in _files(request):
        if file.data and not file.name:
            param = f"{file.param}.file_id" if request.is_chat else file.param
            message = f"Missing required parameter: '{param}'."
            yield Rejection(message, "missing_required_parameter", param)
        if not (file.data or file.file_id or file.url):
            yield Rejection(
                f"Missing required parameter: '{file.param}.file_id'.",
                "missing_required_parameter",
                f"{file.param}.file_id",
            )


@rule("trpc-group/trpc-agent-go#1816, pydantic/pydantic-ai#4445: a base64-encoded data URL")
def file_data_is_a_data_url(request: Request) -> Found:
    for file in _files(request):
        if file.data and data_url(file.data) is None:
            yield Rejection(
                f"Invalid file data: '{file.param}.file_data'. Expected a base64-encoded data URL"
                " with an application/pdf MIME type (e.g."
                " 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got a value without the"
                " 'data:' prefix.",
                "invalid_value",
                f"{file.param}.file_data",
            )


@rule(f"{_FILES_GUIDE}, 'Accepted file types'; openai/openai-node#1560 (wording)", apis=RESPONSES)
def files_have_a_suffix_that_is_taken(request: Request) -> Found:
    for file in _files(request):
        upload = request.uploads.held.get(file.file_id or "")
        name = upload.filename if upload else file.name
        if name and name.rpartition(".")[2].lower() not in _FILE_SUFFIXES:
            yield Rejection(
                "The file type you uploaded is not supported. Please try again with a pdf.",
                "unsupported_file",
                f"{file.param}.filename" if file.name else f"{file.param}.file_id",
            )


@rule(
    f"{_FILES_GUIDE}: 'Chat Completions accepts only PDF files';"
    " trpc-group/trpc-agent-go#1816 (wording)",
    apis=CHAT,
)
def chat_completions_take_pdf_alone(request: Request) -> Found:
    for file in _files(request):
        found = data_url(file.data or "")
        if found and found[0] != "application/pdf":
            yield Rejection(
                f"Invalid file data: '{file.param}.file_data'. Expected a base64-encoded data URL"
                " with an application/pdf MIME type (e.g."
                " 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got unsupported MIME"
                f" type '{found[0]}'.",
                "invalid_value",
                f"{file.param}.file_data",
            )


@rule(
    "danny-avila/LibreChat#2632: 'No such File object', 404, of the Files API. What the model APIs"
    " answer is on no public record; they are taken to answer the same"
)
def file_ids_are_held(request: Request) -> Found:
    for part in all_parts(request.body):
        if isinstance(part, ImagePart | FilePart) and part.file_id:
            field = "" if isinstance(part, ImagePart) else ".file_id"
            if part.file_id not in request.uploads.held:
                param = part.param.removesuffix(".image_url") + (field or ".file_id")
                yield no_such_file(part.file_id, param)


@rule(f"{_IMAGES_GUIDE}, for images by file id as for the others")
def uploaded_images_are_images(request: Request) -> Found:
    for image in _images(request):
        upload: Upload | None = request.uploads.held.get(image.file_id or "")
        if upload is None:
            continue
        seen = picture(upload.body)
        if seen is None or not _is_still(seen):
            yield Rejection(
                "The image data you provided does not represent a valid image. Please check your"
                f" input and try again with one of the supported image formats:"
                f" {list(IMAGE_TYPES)}.",
                "invalid_value",
                "input",
            )


def _is_still(seen: Picture) -> bool:
    return seen.mime_type != "image/gif" or seen.frames == 1


def _images(request: Request) -> Iterator[ImagePart]:
    return (part for part in all_parts(request.body) if isinstance(part, ImagePart))


def _files(request: Request) -> Iterator[FilePart]:
    return (part for part in all_parts(request.body) if isinstance(part, FilePart))
