"""The rows of source code.

Few of these types are registered with IANA. The others have the name that freedesktop.org's
database (shared-mime-info) or GitHub's (linguist) gives them.
"""

from app.file_types.text import text

CODE = (
    text(
        "text/javascript",
        *(".js", ".mjs", ".cjs"),
        aliases=(
            *("application/javascript", "application/x-javascript"),
            *("application/ecmascript", "text/ecmascript"),
        ),
    ),
    text("text/jsx", ".jsx", aliases=("text/x-jsx",)),
    text(
        "text/x-typescript",
        *(".ts", ".mts", ".cts"),
        aliases=("text/typescript", "application/typescript", "application/x-typescript"),
        # MPEG transport streams, and translations of Qt programs
        mistaken_for=("video/mp2t", "text/vnd.trolltech.linguist", "text/vnd.qt.linguist"),
    ),
    text("text/tsx", ".tsx", aliases=("text/x-tsx",)),
    text("text/css", ".css"),
    text("text/x-scss", ".scss"),
    text("text/x-sass", ".sass"),
    text("text/x-less", ".less", aliases=("text/less",)),
    text("text/x-vue", ".vue"),
    text(
        "text/x-python",
        *(".py", ".pyi", ".pyw", ".pyx"),
        aliases=("text/x-python3", "application/x-python", "text/x-script.python"),
    ),
    text("text/x-java", ".java", aliases=("text/x-java-source",)),
    text("text/x-kotlin", ".kt", ".kts"),
    text("text/x-scala", ".scala"),
    text("text/x-groovy", ".groovy"),
    text("text/x-gradle", ".gradle"),
    text("text/x-csrc", ".c", aliases=("text/x-c",)),
    text("text/x-chdr", ".h"),
    text("text/x-c++src", ".cpp", ".cc", ".cxx", aliases=("text/x-c++",)),
    text("text/x-c++hdr", ".hpp", ".hh", ".hxx"),
    text("text/x-csharp", ".cs"),
    text("text/x-objcsrc", ".m"),
    text("text/x-fsharp", ".fs", ".fsx"),
    text("text/x-vb", ".vb"),
    text("text/x-go", ".go"),
    text(
        "text/rust", ".rs", aliases=("text/x-rust",), mistaken_for=("application/rls-services+xml",)
    ),
    text("text/x-ruby", ".rb", aliases=("application/x-ruby",)),
    text(
        "text/x-php",
        ".php",
        aliases=("application/x-php", "application/x-httpd-php", "text/php"),
    ),
    text("text/x-perl", ".pl", ".pm", aliases=("application/x-perl",)),
    text("text/x-lua", ".lua", aliases=("application/x-lua",)),
    text("text/x-rsrc", ".r", aliases=("text/x-r", "text/x-r-source")),
    text("text/x-julia", ".jl"),
    text("text/x-swift", ".swift"),
    text("text/x-dart", ".dart", aliases=("application/vnd.dart",)),
    text("text/x-elixir", ".ex", ".exs"),
    text("text/x-erlang", ".erl"),
    text("text/x-haskell", ".hs"),
    text("text/x-clojure", ".clj", ".cljs"),
    text("text/x-common-lisp", ".lisp"),
    text("text/x-ocaml", ".ml", ".mli"),
    text("text/x-asm", ".asm", ".s"),
    text("application/sql", ".sql", aliases=("text/x-sql", "application/x-sql")),
    text("application/graphql", ".graphql", ".gql"),
    text("text/x-protobuf", ".proto"),
    text(
        "text/x-sh",
        *(".sh", ".bash", ".zsh", ".fish"),
        aliases=("text/x-shellscript", "application/x-sh", "application/x-shellscript"),
    ),
    text(
        "text/x-bat",
        ".bat",
        ".cmd",
        aliases=("application/x-bat",),
        mistaken_for=("application/x-msdos-program", "application/x-msdownload"),
    ),
    text("text/x-powershell", ".ps1", ".psm1", aliases=("application/x-powershell",)),
    text("text/x-makefile", ".mk", "makefile"),
    text("text/x-cmake", ".cmake"),
    text("text/x-dockerfile", ".dockerfile", "dockerfile"),
)
