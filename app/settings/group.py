"""The base class of all groups of settings."""

from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr
from pydantic.fields import FieldInfo


class SettingsGroup(BaseModel):
    """Settings that belong together.

    A field's alias is the environment variable that sets it, and the docstring below a field is
    its text in docs/settings.md and .env.example. Python code creates a group by field names:
    `QuotaSettings(max_bytes=1000)`. Times are seconds and sizes are bytes.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, use_attribute_docstrings=True
    )

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Return the name of each field by its environment variable."""
        return {str(field.alias): name for name, field in cls.model_fields.items()}


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _split_at_bars(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]
BarSeparated = Annotated[tuple[str, ...], BeforeValidator(_split_at_bars)]


_KINDS = {
    bool: "`on` or `off`",
    int: "a whole number",
    float: "a number",
    str: "text",
    SecretStr: "a secret",
}


def accepted_values(field: FieldInfo) -> str:
    """Return in words which values a setting takes: "`POST` or `PUT`"."""
    annotation = _without_validators(_without_none(field.annotation))
    if get_origin(annotation) is Literal:
        *others, last = (f"`{choice}`" for choice in get_args(annotation))
        return f"{', '.join(others)} or {last}"
    if get_origin(annotation) is tuple:
        is_barred = any(each == BeforeValidator(_split_at_bars) for each in field.metadata)
        return f"a list, separated by {'`|`' if is_barred else 'commas'}"
    return _KINDS[annotation] + _bounds(field)


def is_secret(field: FieldInfo) -> bool:
    """Return whether the value of a setting must not be shown."""
    return _without_none(field.annotation) is SecretStr


def _without_none(annotation: Any) -> Any:
    alternatives = [each for each in get_args(annotation) if each is not NoneType]
    return alternatives[0] if NoneType in get_args(annotation) else annotation


def _without_validators(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _bounds(field: FieldInfo) -> str:
    bounds = {type(limit): limit for limit in field.metadata}
    match bounds.get(Ge), bounds.get(Le), bounds.get(MinLen):
        case Ge(ge=lowest), Le(le=highest), None:
            return f" from {lowest:,} to {highest:,}"
        case Ge(ge=lowest), None, None:
            return f" of at least {lowest:,}"
        case None, None, MinLen(min_length=shortest):
            return f" of at least {shortest} characters"
        case _:
            return ""
