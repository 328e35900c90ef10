"""How the page's modules are joined; Node.js runs the result."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.http.joined_modules import CannotJoin, join_modules
from app.http.page import WEB_DIRECTORY
from tests.servers import missing


def join(**sources: str) -> dict[str, str]:
    """Modules by their names without suffix."""
    modules = {f"{name.replace('__', '/')}.js": source for name, source in sources.items()}
    return join_modules(modules, "main.js", "joined")


def run(files: dict[str, str], directory: Path, **libraries: str) -> str:
    """What the joined entry prints."""
    node = shutil.which("node")
    if node is None:
        missing("No Node.js: joined modules are not run")
    (directory / "package.json").write_text('{"type": "module"}')
    for path, text in files.items():
        (directory / "joined" / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / "joined" / path).write_text(text)
    for name, text in libraries.items():
        (directory / "vendor").mkdir(exist_ok=True)
        (directory / "vendor" / f"{name}.js").write_text(text)
    done = subprocess.run(
        [node, directory / "joined/main.js"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_keep_their_own_names_to_themselves(tmp_path: Path) -> None:
    files = join(
        main="import { one } from './one.js';\nimport { two } from './two.js';\nconst SIZE = 3;\n"
        "console.log(one(), two(), SIZE);\n",
        one="const SIZE = 1;\nexport function one() { return SIZE; }\n",
        two="const SIZE = 2;\nexport const two = () => SIZE;\n",
    )
    assert list(files) == ["main.js"]
    assert run(files, tmp_path) == "1 2 3"


def test_a_module_runs_once_and_behind_what_it_needs(tmp_path: Path) -> None:
    files = join(
        main="import { a } from './a.js';\nimport { b } from './b.js';\nconsole.log(a, b);\n",
        a="import { log } from './log.js';\nlog('a');\nexport const a = 'A';\n",
        b="import { log as say } from './log.js';\nsay('b');\nexport const b = 'B';\n",
        log="console.log('log');\nexport function log(text) { console.log(text); }\n",
    )
    assert run(files, tmp_path).split() == ["log", "a", "b", "A", "B"]


def test_what_is_imported_lazily_is_a_file_of_its_own_that_shares_the_rest(tmp_path: Path) -> None:
    files = join(
        main="import { state } from './state.js';\nstate.push('main');\n"
        "void import('./lazy/first.js').then(({ seen }) => console.log(seen()));\n",
        state="export const state = [];\n",
        lazy__first="import { state } from '../state.js';\nimport { both } from '../both.js';\n"
        "export function seen() { return `${state} ${both}`; }\n"
        "export const other = () => import('./second.js');\n",
        lazy__second="import { both } from '../both.js';\nexport const second = both;\n",
        both="export const both = 'both';\n",
    )
    assert set(files) == {"main.js", "lazy/first.js", "lazy/second.js", "both.js"}
    assert "const state" not in files["lazy/first.js"]
    assert run(files, tmp_path) == "main both"


def test_libraries_are_imported_as_they_are(tmp_path: Path) -> None:
    files = join(
        main="import library from './vendor/library.js';\n"
        "import { part } from './vendor/library.js';\nconsole.log(library, part);\n",
    )
    library = "export default 'all';\nexport const part = 'some';\n"
    assert run(files, tmp_path, library=library) == "all some"


def test_a_module_s_own_address_stays_its_own(tmp_path: Path) -> None:
    files = join(
        main="import { url } from './deep/module.js';\nconsole.log(url);\n",
        deep__module="export const url = new URL('./style.css', import.meta.url).pathname;\n",
    )
    assert run(files, tmp_path) == str(tmp_path / "deep/style.css")


def test_comments_are_left_out_and_types_import_nothing(tmp_path: Path) -> None:
    files = join(
        main="/** @typedef {import('./nowhere.js').Type} Type */\n"
        "  // import { x } from './nowhere.js';\nconsole.log(/** @type {any} */ ('https://x'));\n",
    )
    assert "nowhere" not in files["main.js"]
    assert run(files, tmp_path) == "https://x"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("export default 1;\n", "export default"),
        ("export * from './one.js';\n", "export \\*"),
        ("import './one.js';\n", "import './one.js'"),
        ("import { gone } from './gone.js';\n", "no module gone.js"),
        ("import { one } from './one.js';\nexport const main = one;\n", "import each other"),
    ],
)
def test_other_forms_of_import_and_export_raise(source: str, said: str) -> None:
    with pytest.raises(CannotJoin, match=said):
        join(main=source, one="import { main } from './main.js';\nexport const one = main;\n")


def test_no_string_of_the_page_contains_the_beginning_of_a_comment() -> None:
    """Comments are found by their marks alone, even within a string."""
    in_a_string = re.compile(r"""^[^'"`]*(?:(['"`])[^'"`]*\1[^'"`]*)*['"`][^'"`]*/\*\*""")
    assert in_a_string.match("const all = ['a', '/**/b'];")
    for path in WEB_DIRECTORY.rglob("*.js"):
        if "vendor" not in path.parts:
            assert [line for line in path.read_text().splitlines() if in_a_string.match(line)] == []
