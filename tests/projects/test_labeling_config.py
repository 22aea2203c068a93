from __future__ import annotations

import time

import pytest

from genlab_widgets.errors import BadLabelingConfig
from genlab_widgets.projects.labeling_config import MAX_BYTES, MAX_DEPTH, MOST_FINDINGS, Covered, Label, LabelingConfig
from tests.samples import CONFIG

MIXED = """<View>
  <Header value="Smoking"/>
  <Labels name="label" toName="note">
    <Label value="DRUG" model="ner_start" background="#0a0" hotkey="d" alias="dr"/>
    <Label value="Absent" assertion="TRUE"/>
  </Labels>
  <Text name="help" value="Read the note first."/>
  <Text name="note" value="$body"/>
  <Choices name="smoking" toName="note" choice="multiple" showInLine="true" train="True">
    <Choice value="Smoker" hotkey="s"/><Choice value="Nonsmoker" alias="no"/>
  </Choices>
  <Choices name="age" toName="note"><Choice value="Adult"/></Choices>
  <Relations><Relation value="taken for" allowed="DRUG<>Absent,DRUG>DRUG"/></Relations>
</View>
"""


def refused(xml: bytes | str) -> tuple[int, int, str]:
    with pytest.raises(BadLabelingConfig, match="cannot be used") as caught:
        LabelingConfig.parse(xml)
    error = caught.value
    line, column = error.details["line"], error.details["column"]
    assert f"Line {line}, column {column}" in error.why
    assert error.next_step
    return line, column, error.why


def findings(xml: str) -> list[tuple[str, int, int]]:
    return [(item.severity, item.line, item.column) for item in LabelingConfig.parse(xml).lint()]


def test_what_a_config_says() -> None:
    config = LabelingConfig.parse(MIXED)
    assert config.source == MIXED.encode()
    assert config.labels == (
        Label("DRUG", "ner_start", False, "#0a0", 4),
        Label("Absent", None, True, None, 5),
    )
    assert [label.value for label in config.entity_labels] == ["DRUG"]
    assert [(item.name, item.multiple, item.train, item.values, item.line) for item in config.choices] == [
        ("smoking", True, True, ("Smoker", "Nonsmoker"), 9),
        ("age", False, False, ("Adult",), 12),
    ]
    assert config.kinds() == ("ner", "assertion", "classification")
    assert config.lint() == []


def test_the_text_is_the_one_that_a_control_marks() -> None:
    assert LabelingConfig.parse(MIXED).text_key == "body"
    assert LabelingConfig.parse('<View><Text name="t" value="$a"/></View>').text_key == "a"
    assert LabelingConfig.parse('<View><Text name="t" value="Read."/></View>').text_key == "text"
    assert LabelingConfig.parse("<View/>").text_key == "text"


def test_html_and_aliases_are_part_of_the_tasks_format() -> None:
    assert dict(LabelingConfig.parse(MIXED).task_format.aliases) == {
        ("label", "dr"): "DRUG",
        ("smoking", "no"): "Nonsmoker",
    }
    marks = '<HyperTextLabels name="l" toName="t"><Label value="A"/></HyperTextLabels>'
    config = LabelingConfig.parse(f'<View>{marks}<HyperText name="t" value="$h"/></View>')
    assert (config.text_key, config.task_format.is_html, config.kinds()) == ("h", True, ("ner",))


def test_labels_on_images_are_another_kind_even_without_to_name() -> None:
    for to_name in ('toName="image"', 'toname="image"', ""):
        xml = f'<View><RectangleLabels name="l" {to_name}><Label value="A"/></RectangleLabels></View>'
        assert LabelingConfig.parse(xml).kinds() == ("visual_ner",)


def test_labels_outside_a_control_and_other_elements_do_not_count() -> None:
    config = LabelingConfig.parse(
        '<View><Label value="A"/><!-- <Labels><Label value="B"/></Labels> --><Style>.x{}</Style></View>'
    )
    assert config.labels == ()
    assert config.kinds() == ()


# The unclosed samples have the shape of the reference documentation's: Choices and View are opened and never closed.
@pytest.mark.parametrize(
    ("xml", "line", "column", "tag"),
    [
        (
            '<View>\n  <Text name="t" value="$t"/>\n   <Choices name="a" toName="t">\n     <Choice value="x"/>\n',
            3,
            4,
            "Choices",
        ),
        ('<View>\n  <Choices name="a">\n    <Choice value="x"/>\n  <Header value="h"/>\n</View>', 2, 3, "Choices"),
        ('<View>\n<Labels name="l">\n  <Label value="A">\n</Labels></View>', 3, 3, "Label"),
        ('<View><Labels name="Ä"><Label value="ß"/></View>', 1, 7, "Labels"),
        ('<View>\r\n\t<Choices\r\n   name="a">\r\n</View>', 2, 2, "Choices"),
        ("<View>", 1, 1, "View"),
        ('<View>\n<!-- </Choices> -->\n<Choices name="a">\n<!-- </Choices> -->\n</View>', 3, 1, "Choices"),
        ("\ufeff<View>", 1, 1, "View"),
    ],
)
def test_an_unclosed_tag_is_named_where_it_stands(xml: str, line: int, column: int, tag: str) -> None:
    found_line, found_column, why = refused(xml)
    assert (found_line, found_column) == (line, column)
    assert f"<{tag}> is never closed" in why


@pytest.mark.parametrize(
    ("xml", "line"),
    [
        ("", 1),
        ("   \n", 2),
        ("no tags", 1),
        ("<View>\n</Labels></View>", 2),
        ('<View>\n<Label value=A/></View>', 2),
        ('<View>\n\n<Label value="A" value="B"/></View>', 3),
        ("<View>\n&nbsp;</View>", 2),
        ("<View/>\n<View/>", 2),
        ('<View>\n<Label value="A/></View>', 2),
    ],
)  # fmt: skip
def test_what_is_not_well_formed_is_named_by_its_line(xml: str, line: int) -> None:
    assert refused(xml)[0] == line


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE v [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n<View>&b;</View>'
)


@pytest.mark.parametrize(
    ("xml", "line", "column"),
    [
        (BOMB, 2, 1),
        (BOMB.replace("DOCTYPE", "doctype"), 2, 1),
        ('<!DOCTYPE v SYSTEM "http://127.0.0.1:9/x.dtd"><View/>', 1, 1),
        ('<!DOCTYPE v [<!ENTITY f SYSTEM "file:///etc/passwd">]><View>&f;</View>', 1, 1),
        ('<View>\n  <!ENTITY a "b"></View>', 2, 3),
    ],
)
def test_a_doctype_is_refused_before_parsing(xml: str, line: int, column: int) -> None:
    assert refused(xml)[:2] == (line, column)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_do_not_hide_a_doctype(encoding: str) -> None:
    assert "UTF-8" in refused(("<!-- ä -->" + BOMB).encode(encoding))[2]


def test_utf_8_is_read_whatever_the_declaration_says() -> None:
    config = LabelingConfig.parse(
        '<?xml version="1.0" encoding="ISO-8859-1"?><View><Labels><Label value="Größe"/></Labels></View>'.encode()
    )
    assert config.labels[0].value == "Größe"
    assert config.with_models({"Größe": "m"}).labels[0].model == "m"


def test_depth_and_size_are_limited() -> None:
    deep = MAX_DEPTH - 1
    LabelingConfig.parse("<View>" * deep + "<View/>" + "</View>" * deep)
    refused("<View>" * (deep + 1) + "<View/>" + "</View>" * (deep + 1))
    refused("<View>" * 5_000 + "</View>" * 5_000)
    refused("<View>" + "<Label/>" * 20_001 + "</View>")
    assert f"{MAX_BYTES:,}" in refused("<View>" + " " * MAX_BYTES + "</View>")[2]


@pytest.mark.parametrize(
    "part",
    [
        "<!--",
        "<a ",
        '<a "',
        "<a b='",
        "a",
        "<![CDATA[",
        "<?",
        "a:",
        'a="',
        "a =",
        "</",
        "<View><!-- -- -->",
        '<a "x" ',
        "< a='",
    ],
)
def test_no_text_makes_reading_slow(part: str) -> None:
    """Patterns that went back over the text would take minutes here."""
    start = time.perf_counter()
    refused("<View>" + part * (1_000_000 // len(part)))
    assert time.perf_counter() - start < 3


def test_a_raw_less_than_in_an_attribute_is_repaired_for_reading_only() -> None:
    config = LabelingConfig.parse(MIXED)
    assert b"DRUG<>Absent" in config.source
    assert b"DRUG<>Absent" in config.with_models({"DRUG": "m"}).source
    LabelingConfig.parse("<View><Relation value='a' allowed='A<>B' /></View>")
    LabelingConfig.parse('<View><Relation value="a" allowed="A&lt;>B,C<D"/></View>')


ONE_ASSERTION = '<Label value="ß" assertion="true" model="a"/>'
LABELS = '<View><Labels name="l" toName="t">\n{}\n</Labels><Text name="t" value="$t"/></View>'


@pytest.mark.parametrize(
    ("inside", "severity", "line", "column", "said"),
    [
        ('  <Label value="Absent" assertion="true" model="ner_x"/>', "error", 2, 3, "NER model"),
        ('<Label value="A"/><Label value="DRUG" model="assertion_x"/>', "error", 2, 19, "lacks assertion"),
        ('<Label value="A"/>\n  <Label value="two words"/>', "warning", 3, 3, "space"),
        (' <Label value=" "/>', "error", 2, 2, "needs a value"),
        (" <Label/>", "error", 2, 2, "needs a value"),
        (ONE_ASSERTION + ' <Label value="C" assertion="true" model="b"/>', "error", 2, 47, "one assertion"),
        ("   <Sparkles/>", "warning", 2, 4, "<Sparkles>"),
    ],
)  # fmt: skip
def test_every_label_rule_has_its_place(inside: str, severity: str, line: int, column: int, said: str) -> None:
    xml = LABELS.format(inside)
    assert findings(xml) == [(severity, line, column)]
    assert said in LabelingConfig.parse(xml).lint()[0].message


def test_choices_rules_have_their_place() -> None:
    xml = '<View>\n<Choices name="b" train="true"/>\n  <Choices name="a" train="TRUE"/>\n<Choices toName="t"/></View>'
    assert findings(xml) == [("error", 3, 3), ("error", 4, 1)]
    assert "b and a" in LabelingConfig.parse(xml).lint()[0].message


def test_one_assertion_model_on_several_labels_is_fine_and_errors_come_first() -> None:
    both = (
        '<Label value="x y"/><Label value="P" assertion="true" model="m"/><Label value="Q" assertion="true" model="m"/>'
    )
    assert [item[0] for item in findings(LABELS.format(both))] == ["warning"]
    mixed = '<Label value="x y"/><Label value=""/>'
    assert [item[0] for item in findings(LABELS.format(mixed))] == ["error", "warning"]


def test_comments_and_cdata_are_neither_linted_nor_edited() -> None:
    hidden = '<!-- <Sparkles/><Label value=""/> --><![CDATA[<Label value="A"/>]]><?pi <Label value="A"/> ?>'
    xml = LABELS.format(hidden + '<Label value="A"/>')
    assert findings(xml) == []
    assert LabelingConfig.parse(xml).with_models({"A": "m"}).source.count(b'model="m"') == 1


def test_lint_of_a_large_config_is_quick_and_bounded() -> None:
    start = time.perf_counter()
    assert len(findings("<View>" + '<Label value=""/>\n' * 19_000 + "</View>")) == MOST_FINDINGS
    assert time.perf_counter() - start < 5


def test_editing_changes_the_model_and_no_other_byte() -> None:
    changed = LabelingConfig.parse(CONFIG).with_models({"DRUG": "ner_a", "DOSE": "ner_b", "absent": "as_c"})
    expected = (
        CONFIG.replace("value='DRUG'", "value='DRUG' model=\"ner_a\"")
        .replace('value="DOSE"', 'value="DOSE" model="ner_b"')
        .replace('model="assertion_old"', 'model="as_c"')
    )
    assert changed.source == expected.encode()
    assert LabelingConfig.parse(CONFIG).with_models({}).source == CONFIG.encode()


@pytest.mark.parametrize(
    ("tag", "after"),
    [
        ('<Label value="A"/>', '<Label value="A" model="m"/>'),
        ("<Label value='A'></Label>", "<Label value='A' model=\"m\"></Label>"),
        ('<Label value="A" model="old"/>', '<Label value="A" model="m"/>'),
        ("<Label model='old' value='A'/>", "<Label model=\"m\" value='A'/>"),
        ('<Label\r\n hotkey = "a"\r\n  value = "A"\r\n/>', '<Label\r\n hotkey = "a"\r\n  value = "A" model="m"\r\n/>'),
        ('<Label value="A" title="model=&quot;x > y"/>', '<Label value="A" model="m" title="model=&quot;x > y"/>'),
        ("<Label value=\"A\" title='model=\"x\"'/>", "<Label value=\"A\" model=\"m\" title='model=\"x\"'/>"),
        ('<Label data-value="B" value="A"/>', '<Label data-value="B" value="A" model="m"/>'),
        ('<Label value="&#65;"/>', '<Label value="&#65;" model="m"/>'),
    ],
)  # fmt: skip
def test_every_way_to_write_a_label(tag: str, after: str) -> None:
    config = LabelingConfig.parse(LABELS.format(tag))
    changed = config.with_models({"A": "m"})
    assert changed.source == LABELS.format(after).encode()
    assert changed.labels[0].model == "m"
    assert config.with_models({"A": "m"}).with_models({"A": config.labels[0].model}).labels == config.labels


def test_a_line_end_in_a_value_is_a_blank() -> None:
    config = LabelingConfig.parse(LABELS.format('<Label value="a\nb"/>'))
    assert config.labels[0].value == "a b"
    assert config.with_models({"a b": "m"}).labels[0].model == "m"


def test_taking_a_model_away_takes_its_blank_too() -> None:
    config = LabelingConfig.parse(LABELS.format('<Label value="A" model="m" hotkey="a"/><Label value="B"/>'))
    assert (
        config.with_models({"A": None, "B": None}).source
        == LABELS.format('<Label value="A" hotkey="a"/><Label value="B"/>').encode()
    )


def test_model_names_are_escaped() -> None:
    changed = LabelingConfig.parse(LABELS.format('<Label value="A"/>')).with_models({"A": 'a"<&>b'})
    assert changed.labels[0].model == 'a"<&>b'


def test_only_assertion_or_only_entity_labels() -> None:
    config = LabelingConfig.parse(LABELS.format('<Label value="A"/><Label value="A" assertion="true"/>'))
    parts = (Covered("assertion"), Covered("entities"), None)
    models = [[label.model for label in config.with_models({"A": "m"}, part).labels] for part in parts]
    assert models == [[None, "m"], ["m", None], ["m", "m"]]
    assert config.with_models({"A": "m"}, parts[0]).named(parts[0]) == [("A", "m")]


def test_choices_name_models_by_their_control() -> None:
    controls = "".join(
        f'<Choices name="{name}" toName="text"><Choice value="yes"/><Choice  value="no" hotkey="n"/></Choices>'
        for name in ("age", "sex")
    )
    config = LabelingConfig.parse(f'<View><Text name="text" value="$text"/>{controls}</View>')
    part = Covered("choices", "sex")
    changed = config.with_models({"yes": "classification_sex", "no": "classification_sex"}, part)
    assert changed.named(part) == [("yes", "classification_sex"), ("no", "classification_sex")]
    assert changed.named(Covered("choices", "age")) == [("yes", None), ("no", None)]
    assert changed.with_models({"yes": None, "no": None}, part).source == config.source


def test_the_difference_shows_the_changed_lines() -> None:
    config = LabelingConfig.parse(CONFIG)
    changed = config.with_models({"DRUG": "ner_a"})
    lines = config.diff(changed).splitlines()
    assert [line for line in lines if line.startswith("-\t")] == ["-\t<Label value='DRUG' background=\"#0a0\"/>"]
    assert [line for line in lines if line.startswith("+\t")] == [
        '+\t<Label value=\'DRUG\' model="ner_a" background="#0a0"/>'
    ]
    assert config.diff(config) == ""
