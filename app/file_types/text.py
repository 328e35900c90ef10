"""The rows of text: prose, markup, data and configuration. Programs are in code.py."""

from app.file_types.file_type import Delivery, Family, FileType, Signature


def text(
    mime_type: str,
    *suffixes: str,
    family: Family = Family.TEXT,
    aliases: tuple[str, ...] = (),
    mistaken_for: tuple[str, ...] = (),
    delivery: Delivery = Delivery.TEXT,
) -> FileType:
    """Return the row of a type that is text, and by default reaches the model as text."""
    return FileType(mime_type, suffixes, family, delivery, (Signature.TEXT,), aliases, mistaken_for)


_EXCEL = "application/vnd.ms-excel"

TEXTS = (
    text(
        "text/plain",
        *(".txt", ".text", ".log", ".lock", ".gitignore", ".dockerignore", ".editorconfig"),
        # Languages without a type of their own
        *(".svelte", ".zig", ".tf", ".tfvars", ".hcl"),
        aliases=("text/x-log",),
    ),
    text("text/markdown", ".md", ".markdown", ".mdx", ".rmd", ".qmd", aliases=("text/x-markdown",)),
    text("text/x-rst", ".rst", aliases=("text/prs.fallenstein.rst",)),
    text("text/asciidoc", ".adoc", ".asciidoc", aliases=("text/x-asciidoc",)),
    text("text/org", ".org", aliases=("text/x-org",)),
    text("text/x-tex", ".tex", ".latex", ".sty", ".cls", aliases=("application/x-tex",)),
    text("text/x-bibtex", ".bib"),
    text("text/html", ".html", ".htm", delivery=Delivery.EXTRACTED_TEXT),
    text("application/xhtml+xml", ".xhtml", ".xht", delivery=Delivery.EXTRACTED_TEXT),
    text("text/vcard", ".vcf", ".vcard", aliases=("text/x-vcard", "text/directory")),
    text("text/calendar", ".ics", aliases=("application/ics", "text/x-vcalendar")),
    text("application/x-subrip", ".srt", aliases=("text/srt", "application/x-srt")),
    text("text/vtt", ".vtt"),
    text("text/x-patch", ".patch", ".diff", aliases=("text/x-diff",)),
    text("application/x-pem-file", ".pem", mistaken_for=("application/x-x509-ca-cert",)),
    # Data
    text(
        "text/csv",
        ".csv",
        family=Family.SPREADSHEET,
        aliases=("application/csv", "text/x-csv", "text/comma-separated-values"),
        mistaken_for=(_EXCEL,),  # Windows with Excel
    ),
    text(
        "text/tab-separated-values",
        *(".tsv", ".tab"),
        family=Family.SPREADSHEET,
        aliases=("text/tsv",),
        mistaken_for=(_EXCEL,),
    ),
    text("application/json", ".json", ".jsonc", ".json5", aliases=("text/json",)),
    text(
        "application/jsonl",
        *(".jsonl", ".ndjson"),
        aliases=("application/x-ndjson", "application/jsonlines", "application/x-jsonlines"),
    ),
    text("application/geo+json", ".geojson", aliases=("application/vnd.geo+json",)),
    text("application/ld+json", ".jsonld"),
    text("application/x-ipynb+json", ".ipynb", delivery=Delivery.EXTRACTED_TEXT),
    text("application/xml", ".xml", ".xsd", aliases=("text/xml",)),
    text("application/xslt+xml", ".xsl", ".xslt"),
    text("application/rss+xml", ".rss", aliases=("text/rss", "application/x-rss+xml")),
    text("application/atom+xml", ".atom"),
    text("application/gpx+xml", ".gpx", aliases=("application/gpx", "application/x-gpx+xml")),
    text("application/vnd.google-earth.kml+xml", ".kml"),
    # Configuration
    text(
        "application/yaml",
        *(".yaml", ".yml"),
        aliases=("application/x-yaml", "text/yaml", "text/x-yaml"),
    ),
    text("application/toml", ".toml", aliases=("text/x-toml",)),
    text(
        "text/x-properties",
        *(".ini", ".cfg", ".conf", ".config", ".properties", ".env"),
        aliases=("text/x-ini", "text/x-java-properties"),
    ),
)
