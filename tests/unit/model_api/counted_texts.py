"""Texts of many kinds with the tokens that `o200k_base` makes of them.

Counted once with the real ranks, by bpe-openai 0.1.4, which is no dependency: its wheel has 42 MB.
"""

import base64
import hashlib
import json

_CODE = '''\
def shared_tokens(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    """How many tokens both prompts begin with."""
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine.content != theirs.content:
            break
        shared += mine.tokens
    return shared
'''


def _digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def _table(rows: int) -> str:
    lines = ["id,name,amount,date"]
    for row in range(rows):
        amount = int.from_bytes(_digest(row)[:4], "big") % 100_000 / 100
        lines.append(
            f"{row},customer {row % 977},{amount:.2f},2026-{row % 12 + 1:02}-{row % 28 + 1:02}"
        )
    return "\n".join(lines)


COUNTED = {
    "english": (
        "This service brings the files of its users into storage, and back to the model. " * 50,
        851,
    ),
    "german": ("Dieser Dienst bringt die Dateien der Benutzer sicher in den Speicher. " * 50, 601),
    "russian": ("Этот сервис безопасно передаёт файлы пользователей в хранилище. " * 50, 801),
    "chinese": ("这个服务把用户的文件安全地带到存储中并在需要的时候交给模型。" * 50, 1050),
    "japanese": ("このサービスはユーザーのファイルを安全に保存し、モデルに渡します。" * 50, 901),
    "code": (_CODE * 20, 1380),
    "csv": (_table(1000), 17005),
    "json": (
        json.dumps([{"id": n, "type": "message", "size": n * 3.5} for n in range(500)]),
        10215,
    ),
    "hex": (" ".join(_digest(number).hex() for number in range(100)), 3730),
    "base64": (base64.b64encode(b"".join(map(_digest, range(300)))).decode(), 8783),
    "lines": ("".join(f"line {number:06}\n" for number in range(1000)), 5000),
}
