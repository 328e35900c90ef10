"""Settings with other values, named like the environment's variables, in lower case."""

from typing import TypeVar

from app.settings.environment import Settings
from app.settings.group import SettingsGroup

AnyGroup = TypeVar("AnyGroup", bound=SettingsGroup)


def changed(settings: Settings, **changes: object) -> Settings:
    """Return `settings` with other values: `changed(settings, upload_method="PUT")`."""
    groups = {}
    for name, group in settings:
        variables = {variable.lower() for variable in group.variables()}
        groups[name] = changed_group(
            group, **{each: changes.pop(each) for each in variables & set(changes)}
        )
    assert not changes, f"there are no such settings: {changes}"
    return settings.model_copy(update=groups)


def changed_group(group: AnyGroup, **changes: object) -> AnyGroup:
    """Return a group with other values: `changed_group(ModelSettings(), model_api="responses")`."""
    fields = {variable.lower(): field for variable, field in group.variables().items()}
    values = {fields[variable]: value for variable, value in changes.items()}
    return type(group).model_validate({**dict(group), **values})
