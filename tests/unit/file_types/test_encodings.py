"""Texts in any encoding come out character for character, and a guess is called a guess."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.file_types.encodings import Encoding, find_encoding

# What Python calls the encodings that the file names of uchardet's tests name differently.
_PYTHONS_NAMES = {"mac-cyrillic": "mac_cyrillic", "mac-centraleurope": "mac_latin2", "uhc": "cp949"}


def decoded(body: bytes) -> str | None:
    found = find_encoding(body)
    return None if found is None else body.decode(found.codec, "replace").removeprefix("\ufeff")


@pytest.mark.slow
def test_the_files_that_uchardet_is_tested_with_come_out_character_for_character() -> None:
    from tests.published_files import of_debian  # needs the network

    files = of_debian(
        "uchardet",
        "uchardet_0.0.7.orig.tar.xz",
        "3fc79408ae1d84b406922fa9319ce005631c95ca0f34b205fad867e8b30e45b1",
    )
    right: list[str] = []
    wrong: list[str] = []
    for path, body in files.items():
        folder, _, name = path.rpartition("/")
        if not folder.startswith("test/"):
            continue
        encoding = name.split(".")[0].lower()
        try:
            text = body.decode(_PYTHONS_NAMES.get(encoding, encoding)).removeprefix("\ufeff")
        except (LookupError, UnicodeDecodeError):
            continue  # Python can't decode VISCII, nor EUC-TW
        (right if decoded(body) == text else wrong).append(path)
    assert len(right) + len(wrong) == 119
    assert len(right) >= 109, wrong


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("müller;größe", "cp1252"),
        ("Müller;Größe\r\nStraße;1,50 €\r\n", "cp1252"),
        ("name;ort\r\nJosé;México\r\n", "cp1252"),
        ("“quoted” \u2013 dash’s", "cp1252"),
        ("naïve café", "cp1252"),
        ("nombre;año\r\nMuñoz;1999\r\n", "cp1252"),
        ("temperature 20°C", "cp1252"),
        ("imię;wiek\r\nŁukasz;3\r\n", "cp1250"),
        ("jméno;město\r\nJiří;Plzeň\r\n", "cp1250"),
        ("név;város\r\nGyőző;Pécs\r\n", "cp1250"),
        ("имя;город\r\nИван;Москва\r\n", "cp1251"),  # noqa: RUF001
        ("İsim;Şehir\r\nGöksu;İstanbul\r\n", "cp1254"),
        ("שם,עיר\r\nדוד,ירושלים", "cp1255"),  # noqa: RUF001
        ("الاسم,المدينة\r\nمحمد,القاهرة", "cp1256"),
        ("氏名,住所\r\n山田太郎,東京都\r\n", "cp932"),
        ("姓名,地址\r\n王小明,台北市中正區\r\n", "big5"),
        ("姓名,地址\r\n王小明,北京市\r\n", "gb18030"),
        ("한국어,서울\r\n", "cp949"),
    ],
)
def test_short_tables_in_the_encodings_of_excel_come_out_right_as_a_guess(
    text: str, encoding: str
) -> None:
    body = text.encode(encoding)
    assert decoded(body) == text
    found = find_encoding(body)
    assert found is not None and found.is_guess


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ('<?xml version="1.0" encoding="IBM852"?><a>Příliš žluťoučký kůň</a>', "cp852"),
        ('<html><meta charset="windows-1250"><p>Příliš žluťoučký kůň</p>', "cp1250"),
        ('# -*- coding: koi8-r -*-\nprint("Съешь")\n', "koi8-r"),
        ("größer als 5\r\n", "utf-16-le"),
        ("größer als 5\r\n", "utf-16-be"),
        ("日本語です。UTF-16 text", "utf-16-le"),
        ("日本語", "iso2022_jp"),
        ("한국어", "iso2022_kr"),
    ],
)
def test_declared_and_structural_encodings_are_no_guess(text: str, encoding: str) -> None:
    body = text.encode(encoding)
    assert decoded(body) == text
    found = find_encoding(body)
    assert found is not None and not found.is_guess


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("größer\0x\0".encode(), "größer\0x\0"),
        (b"a,b\0\0\r\nc,d\0\r\n", "a,b\0\0\r\nc,d\0\r\n"),
        (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        (b'<?xml version="1.0" encoding="latin1"?><a>\xc3\xbc</a>', None),
        (b"~{ is no shift here", "~{ is no shift here"),
    ],
)
def test_valid_utf_8_is_utf_8(body: bytes, text: str | None) -> None:
    assert find_encoding(body) == Encoding("utf-8")
    assert decoded(body) == (text or body.decode())


@pytest.mark.parametrize(
    "body", [bytes(5000), bytes(range(256)) * 9, b"\x89PNG\r\n\x1a\n" + bytes(range(256))]
)
def test_binary_data_has_no_encoding(body: bytes) -> None:
    assert find_encoding(body) is None


# UTF-16 that begins with a zero has the mark of UTF-32.
@given(
    st.text().filter(lambda text: not text.startswith("\0")),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_byte_order_mark_decides(text: str, encoding: str) -> None:
    body = text.encode(encoding, "surrogatepass")
    found = find_encoding(body)
    assert found is not None and not found.is_guess
    assert codecs.lookup(found.codec).name.startswith(encoding.removesuffix("-sig"))


@given(st.binary(max_size=500))
def test_nothing_makes_it_raise_and_every_name_is_a_codec(body: bytes) -> None:
    found = find_encoding(body)
    if found is not None:
        body.decode(found.codec, "replace")
