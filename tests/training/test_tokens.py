"""Tokens, sentences and offset maps."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from genlab_widgets.training import tokens
from tests import unspaced
from tests.unspaced import example


def texts(text: str) -> list[str]:
    return [token.text for token in tokens.tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Take 500mg, twice.", ["Take", "500mg", ",", "twice", "."]),
        ("snake_case a--b", ["snake", "_", "case", "a", "-", "-", "b"]),
        ("cafe\u0301 nai\u0308ve", ["cafe\u0301", "nai\u0308ve"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("I ❤️you", ["I", "❤️", "you"]),
        ("👩‍💻ok", ["👩‍", "💻", "ok"]),
        ("😀😀", ["😀", "😀"]),
        ("a\u00a0b\u200bc\ufeffd\te", ["a", "b", "c", "d", "e"]),
        ("x² ½ Ⅷ", ["x²", "½", "Ⅷ"]),
        ("张三2024年在北京大学。ABC", [*"张三", "2024", *"年在北京大学。", "ABC"]),
        (
            "𠮷野家\U000e0100々〇",
            ["𠮷", "野", "家\U000e0100", "々", "〇"],
        ),  # beyond the basic plane; one glyph's variant
        ("アスピリン錠をＡＢ１２", [*"アスピリン錠を", "ＡＢ１２"]),
        ("か\u3099コーヒーｶﾞｽ", ["か\u3099", *"コーヒー", "ｶﾞ", "ｽ"]),
        ("ผู้ป่วย๕๐๐มก", ["ผู้", "ป่", "ว", "ย", "๕๐๐", "ม", "ก"]),
        ("ກິນຢາ", ["ກິ", "ນ", "ຢ", "າ"]),
        ("កម្ពុជា។", ["ក", "ម្", "ពុ", "ជា", "។"]),
        ("မြန်မာ၅", ["မြ", "န်", "မာ", "၅"]),
        ("བོད་པའི", ["བོ", "ད", "་", "པ", "འི"]),
        ("서울대학교 Zürich", ["서울대학교", "Zürich"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_offsets_are_code_points() -> None:
    text = "No fever today 😀."
    assert tokens.tokenize(text)[-2:] == [tokens.Token("😀", 15, 16), tokens.Token(".", 16, 17)]
    assert all(text[token.start : token.end] == token.text for token in tokens.tokenize(text))


def test_every_visible_character_is_in_exactly_one_token() -> None:
    generator = random.Random(3)
    alphabet = "abZ9 ,.-_\n\u0301\u200d\u00ad\u200b\u00a0😀❤\ufe0f中й"
    for _ in range(500):
        text = "".join(generator.choice(alphabet) for _ in range(40))
        covered = [index for token in tokens.tokenize(text) for index in range(token.start, token.end)]
        assert covered == sorted(set(covered))
        assert all(text[index] in " \n\u200b\u00a0" for index in set(range(len(text))) - set(covered))


def test_sentences_end_at_stops_and_lines_but_not_after_abbreviations() -> None:
    text = "Dr. Smith saw no. 5 today. He slept.\nNext line  \n\n“Quoted here.” 今日は雨。明日は晴れ。"
    found = [text[bounds.start : bounds.end] for bounds in tokens.sentences(text)]
    assert found == [
        "Dr. Smith saw no. 5 today.",
        "He slept.",
        "Next line",
        "“Quoted here.” 今日は雨。",
        "明日は晴れ。",
    ]
    assert tokens.sentences("   \n ") == []
    assert len(tokens.sentences("雨です｡「はい｡｣晴れ！本当？うん。")) == 5
    assert len(tokens.sentences("ខ្ញុំឈឺ។អរគុណ។ နေကောင်းလား။ဟုတ်ကဲ့။")) == 4


def test_long_sentences_are_cut_into_nearly_equal_parts_without_loss() -> None:
    text = " ".join(f"w{index}" for index in range(300))
    parts = list(tokens.token_sentences(text))
    assert [len(part) for part in parts] == [100, 100, 100]
    assert [token for part in parts for token in part] == tokens.tokenize(text)


def test_long_texts_without_stops_are_cut_between_clauses() -> None:
    clause = "ผู้ป่วยกินยาแล้วเวียนศีรษะ"
    size = len(texts(clause))
    parts = list(tokens.token_sentences(" ".join([clause] * 20), longest=128))
    assert all(len(part) % size == 0 and len(part) <= 128 for part in parts)
    assert sum(map(len, parts)) == 20 * size
    whole = list(tokens.token_sentences("北" * 300, longest=128))  # no bound anywhere: at the longest
    assert [len(part) for part in whole] == [128, 128, 44]


def test_utf16_maps_are_inverse() -> None:
    text = "a😀é\u0301中🏽z"
    to_utf16, to_code_points = tokens.code_points_to_utf16(text), tokens.utf16_to_code_points(text)
    assert len(to_utf16) == len(text) + 1
    assert len(to_code_points) == len(text.encode("utf-16-le")) // 2 + 1 == tokens.utf16_length(text) + 1
    assert [to_code_points[offset] for offset in to_utf16] == list(range(len(text) + 1))
    assert to_code_points[1] == to_code_points[2] == 1


ALPHABET = "ab1 _-.'\"é\u0301\u0323\u200d\u200c\u00ad\u00a0\ufeff\u200b\n\r\u2028😀❤\ufe0f👩🏽🇩🇪中。！म\u093fกี\U00010348\uffff)"


def random_text(generator: random.Random, longest: int = 60) -> str:
    return "".join(generator.choice(ALPHABET) for _ in range(generator.randint(0, longest)))


def test_offsets_survive_the_way_to_java_and_back() -> None:
    """Spans go to UTF-16 with an inclusive end, as Spark NLP has them, and come back the same."""
    generator = random.Random(12)
    for _ in range(1000):
        text = random_text(generator)
        to_java, to_python = tokens.code_points_to_utf16(text), tokens.utf16_to_code_points(text)
        assert [to_python[offset] for offset in to_java] == list(range(len(text) + 1))
        assert to_java[-1] == tokens.utf16_length(text) == len(to_python) - 1
        in_java = text.encode("utf-16-le")
        start = generator.randint(0, len(text))
        end = generator.randint(start, len(text))
        begin, last = to_java[start], to_java[end] - 1
        assert in_java[2 * begin : 2 * (last + 1)].decode("utf-16-le") == text[start:end]
        assert (to_python[begin], to_python[last + 1]) == (start, end)


def test_tokens_of_sentences_are_the_tokens_of_the_text_and_keep_their_place() -> None:
    generator = random.Random(13)
    for _ in range(500):
        text = random_text(generator, 200)
        parts = list(tokens.token_sentences(text, longest=generator.randint(1, 20)))
        flat = [token for part in parts for token in part]
        assert all(parts)
        assert all(text[token.start : token.end] == token.text for token in flat)
        assert all(one.end <= two.start for one, two in zip(flat, flat[1:], strict=False))
        inside = {index for token in flat for index in range(token.start, token.end)}
        whole = {index for token in tokens.tokenize(text) for index in range(token.start, token.end)}
        assert inside == whole
        units = tokens.code_points_to_utf16(text)
        back = tokens.utf16_to_code_points(text)
        for token in flat:
            assert (back[units[token.start]], back[units[token.end] - 1 + 1]) == (token.start, token.end)
            assert units[token.end] - units[token.start] == tokens.utf16_length(token.text)


def test_words_are_the_tokens_without_other_signs() -> None:
    generator = random.Random(14)
    for _ in range(300):
        text = random_text(generator)
        joined = "".join(tokens.words(text))
        assert joined == "".join(sign for sign in text if tokens.words(sign))
    assert tokens.words("हिन्दी, cafe\u0301: 500mg_x 😀") == ["हिन्दी", "cafe\u0301", "500mg", "x"]
    assert tokens.words("北京。กี x") == ["北", "京", "กี", "x"]


def test_single_letters_are_those_of_scripts_without_blanks() -> None:
    assert all(map(tokens.is_single, ["北", "ア", "ｶﾞ", "กี", "ກ", "ក", "မြ", "𠮷", "〇"]))
    assert not any(map(tokens.is_single, ["a", "é", "한국", "हिन्दी", "ع", "5", "๕", "。", "😀", "", "北京"]))


def test_trim_takes_blanks_off() -> None:
    assert tokens.trim("  ab \u200b", 0, 6) == (2, 4)
    assert tokens.trim("a   b", 1, 4) is None


UNSPACED = (
    "北京學𠮷\U00030000\U0002f800\ufa11々〇〡がか\u3099\u309a\u309bコーヿㄅㆠㇰ・ｱｶﾞﾟﾞ｡｣「」ＡＢｚ１２，。！ 　한국\u1100\u1161"
    "กำีเผู้ป๕ฯๆกຂ້ອ໕ໜកម្ពុ៥។\u17b4မြန်မာ၅။ꩠꧠ\uaa7bབོད་པའི༥།ᥐᦀᨠ\u1a60ꪀ\u200b\u200c\u200d\u0301\ufe00\U000e0100"
    "aB5é_-. \n😀👩🏽❤\ufe0f中\U0001b000\U0001aff0م\u093fह𝐁𝐨𐍈\U00011038"
)


JAVA = r"""
import java.nio.file.*; import java.util.*; import java.util.regex.*;
public class Parity { public static void main(String[] arguments) throws Exception {
  List<String> rules = Files.readAllLines(Path.of(arguments[0]));
  StringBuilder out = new StringBuilder();
  for (String line : Files.readAllLines(Path.of(arguments[1]))) {
    String text = line.replace("\u23CE", "\n");
    List<String> found = new ArrayList<>(), split = new ArrayList<>(), ends = new ArrayList<>();
    Matcher token = Pattern.compile(rules.get(0)).matcher(text); while (token.find()) found.add(token.group());
    for (String part : Pattern.compile(rules.get(1)).split(text, -1)) if (!part.isEmpty()) split.add(part);
    Matcher end = Pattern.compile(rules.get(2)).matcher(text);
    while (end.find()) ends.add(String.valueOf(text.codePointCount(0, end.end())));
    for (List<String> list : List.of(found, split, ends)) out.append(String.join("\u0001", list)).append("\u0002");
    out.append("\u0003");
  }
  Files.writeString(Path.of(arguments[2]), out.toString());
} }
"""


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a Java compiler")
def test_java_runs_the_same_rules(tmp_path: Path) -> None:
    generator = random.Random(1)
    alphabet = "ab1 _-.'\"Aé\u0301\u200d\u200c\u00ad\u00a0\ufeff\u200b😀❤\ufe0f👩🏽€中文。！म\u093f\n)"
    samples = ["".join(generator.choice(alphabet) for _ in range(40)) for _ in range(800)]
    samples += ["".join(generator.choice(UNSPACED) for _ in range(40)) for _ in range(1500)]
    samples += [example(language, number).text for language in unspaced.UNSPACED for number in range(30)]
    samples += ["𝐁𝐨𝐥𝐝𝐥𝐲. Next 𝐨. No. 𠮷𠮷𠮷. Next", "𝐨approx. Yes 😀𝐨😀 approx. No"]
    samples += ["This is done. Then we left.\nNew line! Yes? ok", "Dr. Smith came. “So it was.” Good."]
    (tmp_path / "Parity.java").write_text(JAVA, encoding="utf-8")
    rules = [tokens.TOKEN_PATTERN, tokens.SPLIT_PATTERN, tokens.SENTENCE_PATTERN]
    (tmp_path / "rules.txt").write_text("\n".join(rules), encoding="utf-8")
    (tmp_path / "texts.txt").write_text("\n".join(text.replace("\n", "⏎") for text in samples), encoding="utf-8")
    files = [str(tmp_path / name) for name in ("rules.txt", "texts.txt", "out.txt")]
    subprocess.run(["java", "-Dfile.encoding=UTF-8", str(tmp_path / "Parity.java"), *files], check=True, timeout=120)
    answers = (tmp_path / "out.txt").read_bytes().decode().split("\x03")[:-1]
    assert len(answers) == len(samples)
    for text, answer in zip(samples, answers, strict=True):
        found, split, ends = (part.split("\x01") if part else [] for part in answer.split("\x02")[:3])
        assert found == texts(text)
        assert split == texts(text)
        assert ends == [str(match.end()) for match in tokens._sentence_regex().finditer(text)]
