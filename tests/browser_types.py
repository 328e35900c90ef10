"""The types that browsers declare for the files that people attach, by suffix.

Browsers ask the system where their own table ends, so the same file has other types on Windows
(registry, changed by Office and by developers' tools), macOS and iOS (uniform type identifiers) and
Linux (freedesktop.org). Every file may have no type at all, or `application/octet-stream`: phones
do that for all that they do not know. Only what differs from the row's own type is listed here.
"""

_COMMON = """
png jpg jpeg gif webp heic heif avif tiff tif bmp ico svg jxl jp2 psd
pdf docx doc odt rtf pages epub docm dotx fb2
xlsx xls csv tsv ods numbers xlsm xlsb
pptx ppt key odp pptm ppsx
eml msg ics vcf
txt md markdown rst adoc org tex log json jsonl ndjson geojson ipynb xml html htm xhtml yaml yml
toml ini cfg conf properties env srt vtt bib diff patch sql graphql proto gpx kml
js mjs ts tsx jsx vue svelte css scss less py rb php pl lua r jl java kt scala groovy gradle
c h cpp cc hpp cs m swift go rs dart ex clj ml fs vb sh bash bat cmd ps1 tf
zip tar gz 7z rar
mp3 m4a wav ogg flac
mp4
"""
COMMON_SUFFIXES = tuple(_COMMON.split())

ANY_SYSTEM = ("", "application/octet-stream")

DECLARED = {
    # Windows, with and without Office
    "csv": ("application/vnd.ms-excel", "text/plain", "text/comma-separated-values"),
    "tsv": ("text/plain", "application/vnd.ms-excel"),
    "rtf": ("application/msword", "text/rtf"),
    "odt": ("application/vnd.oasis.opendocument.text", "application/zip"),
    "docx": ("application/zip", "application/x-zip-compressed"),
    "xlsx": ("application/zip", "application/x-zip-compressed"),
    "pptx": ("application/zip", "application/x-zip-compressed"),
    "jpg": ("image/pjpeg", "image/jpg"),
    "png": ("image/x-png",),
    "bmp": ("image/x-ms-bmp", "image/x-bmp"),
    "ico": ("image/x-icon",),
    "xml": ("text/xml",),
    "js": ("application/javascript", "application/x-javascript", "text/plain"),
    "mjs": ("application/javascript", "text/plain"),
    "ts": ("video/mp2t", "video/vnd.dlna.mpeg-tts", "application/typescript"),
    "tsx": ("text/plain", "application/typescript"),
    "sql": ("text/plain", "application/x-sql"),
    "log": ("text/plain",),
    "ini": ("text/plain",),
    "bat": ("application/x-bat", "application/x-msdos-program", "application/x-msdownload"),
    "cmd": ("application/x-bat", "text/plain"),
    "ps1": ("text/plain", "application/x-powershell"),
    "py": ("text/plain", "text/x-python-script", "application/x-python-code"),
    "eml": ("message/rfc822",),
    "ics": ("text/calendar",),
    "vcf": ("text/x-vcard", "text/directory"),
    "mp3": ("audio/mp3", "audio/x-mpeg"),
    "wav": ("audio/x-wav", "audio/vnd.wave"),
    "m4a": ("audio/x-m4a", "audio/m4a"),
    "zip": ("application/x-zip-compressed", "multipart/x-zip"),
    "gz": ("application/x-gzip", "application/x-compressed"),
    "rar": ("application/x-rar-compressed", "application/x-compressed"),
    "7z": ("application/x-compressed",),
    "tar": ("application/x-compressed",),
    "cpp": ("text/plain", "text/x-c++src"),
    "h": ("text/plain", "text/x-chdr"),
    "cs": ("text/plain", "text/x-csharp"),
    "vb": ("text/plain", "text/x-vb"),
    "go": ("text/plain",),
    "php": ("application/x-httpd-php", "text/php"),
    # macOS and iOS
    "md": ("text/plain", "text/x-markdown"),
    "markdown": ("text/plain",),
    "yaml": ("application/x-yaml", "text/yaml"),
    "yml": ("application/x-yaml", "text/yaml"),
    "rb": ("text/x-ruby-script",),
    "pl": ("text/x-perl-script",),
    "sh": ("text/x-sh", "application/x-sh", "text/x-shellscript"),
    "java": ("text/x-java-source",),
    "swift": ("text/x-swift", "text/plain"),
    "m": ("text/x-objcsrc", "text/x-matlab", "application/octet-stream"),
    "pages": ("application/vnd.apple.pages", "application/x-iwork-pages-sffpages"),
    "numbers": ("application/vnd.apple.numbers", "application/x-iwork-numbers-sffnumbers"),
    "key": ("application/vnd.apple.keynote", "application/x-iwork-keynote-sffkey"),
    "heic": ("image/heif", "image/heic-sequence"),
    "geojson": ("application/json",),
    "ipynb": ("application/json", "text/plain"),
    "vtt": ("text/plain",),
    "srt": ("text/plain", "text/srt"),
    # Linux
    "jsonl": ("application/json", "text/plain", "application/x-ndjson"),
    "ndjson": ("application/x-ndjson", "application/json"),
    "r": ("text/x-r-source", "text/plain"),
    "kt": ("text/x-kotlin", "text/plain"),
    "tex": ("text/x-tex", "application/x-tex"),
    "toml": ("application/toml",),
    "gpx": ("application/gpx", "application/xml"),
    "kml": ("application/vnd.google-earth.kml+xml", "application/xml"),
    "vue": ("text/plain", "text/html"),
    "svelte": ("text/plain", "text/html"),
    "properties": ("text/x-java-properties", "text/plain"),
    "msg": ("application/vnd.ms-outlook", "application/x-msg"),
    "epub": ("application/epub+zip", "application/zip"),
    "psd": ("image/x-photoshop", "application/x-photoshop"),
    "tif": ("image/tif", "image/x-tiff"),
}


def declared_types(suffix: str) -> tuple[str, ...]:
    """Return what browsers may declare for a suffix without its dot, besides the row's own type."""
    return (*ANY_SYSTEM, *DECLARED.get(suffix, ()))
