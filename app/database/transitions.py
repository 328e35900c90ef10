"""The states of attachments in SQL: the condition on them, and the UPDATE that changes them.

Every statement that changes the state of a row comes from `transition`, so an illegal one is an
error when the module is imported. A constraint (tables.py) rejects it from any other code.
"""

from sqlalchemy import ColumnElement, Update, literal_column, update

from app.attachment_state import AttachmentState, is_legal, origins
from app.database.tables import attachments


def in_state(*states: AttachmentState) -> ColumnElement[bool]:
    """Return the condition that a row is in one of `states`.

    They are literals in the SQL: with parameters, a generic plan could not use an index on the rows
    in certain states.
    """
    return attachments.c.state.in_([literal_column(f"'{state}'") for state in states])


def transition(target: AttachmentState, *only_from: AttachmentState) -> Update:
    """Return an UPDATE to `target` of rows that may change to it. The caller adds its condition.

    `only_from` narrows the states that the rows may be in; rows in `target` itself keep it. Raises
    `ValueError` if one of these states can't change to `target`.
    """
    for origin in only_from:
        if origin is not target and not is_legal(origin, target):
            raise ValueError(f"An attachment can't change from {origin} to {target}.")
    return update(attachments).where(in_state(*(only_from or origins(target)))).values(state=target)
