"""All settings, read from the environment.

Only the commands, `doctor` and `app/wiring` use `Settings`. All other modules get the groups that
they need. A new setting is one field of a group; `make settings` writes the documents.
"""

from collections.abc import Mapping, Sequence
from typing import Self, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import Misconfigured
from app.settings.attachments import AttachmentSettings
from app.settings.bucket import BucketSettings
from app.settings.database import DatabaseSettings
from app.settings.group import SettingsGroup, accepted_values, is_secret
from app.settings.limits import LimitSettings
from app.settings.model import ChatModelSettings
from app.settings.operations import OperationsSettings
from app.settings.quota import QuotaSettings
from app.settings.retention import RetentionSettings
from app.settings.scanner import ScannerSettings
from app.settings.sign_in import SignInSettings
from app.settings.web import WebSettings


class Settings(BaseModel):
    """Every setting, in the groups and the order in which docs/settings.md shows them."""

    model_config = ConfigDict(frozen=True)

    database: DatabaseSettings
    bucket: BucketSettings
    web: WebSettings
    attachments: AttachmentSettings
    quota: QuotaSettings
    retention: RetentionSettings
    scanner: ScannerSettings
    sign_in: SignInSettings
    limits: LimitSettings
    operations: OperationsSettings
    model: ChatModelSettings

    @classmethod
    def read(cls, *sources: Mapping[str, str]) -> Self:
        """Read every setting from the first source that has it; an empty value counts as none.

        The sources map environment variables to values. Raises `Misconfigured`, which names each
        variable that can't be used and the values that it takes.
        """
        given = {
            variable: value
            for source in reversed(sources)
            for variable, value in source.items()
            if value
        }
        values = {
            name: {variable: given[variable] for variable in group.variables() if variable in given}
            for name, group in cls.groups().items()
        }
        try:
            return cls.model_validate(values, by_alias=True, by_name=False)
        except ValidationError as invalid:
            problems = [cls._problem(each["loc"], each["input"]) for each in invalid.errors()]
            # Not chained: the library's error quotes the values, which may be secrets.
            raise Misconfigured("; ".join(problems) + ".") from None

    @classmethod
    def groups(cls) -> dict[str, type[SettingsGroup]]:
        """Return the class of each group by its name."""
        return {
            name: cast(type[SettingsGroup], field.annotation)
            for name, field in cls.model_fields.items()
        }

    @classmethod
    def _problem(cls, location: Sequence[int | str], value: object) -> str:
        name, variable = (str(part) for part in location[:2])
        group = cls.groups()[name]
        field = group.model_fields[group.variables()[variable]]
        given = "" if is_secret(field) else f"={value}"
        return f"{variable}{given} can't be used: it takes {accepted_values(field)}"
