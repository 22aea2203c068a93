"""Licences: what is read of them, what they allow, and that their token goes nowhere."""

from __future__ import annotations

import base64
import importlib.machinery
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.resources import licenses
from genlab_widgets.resources.licenses import NLP, OCR

LATER = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
EARLIER = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
SECRET = "c2VjcmV0LXNpZ25hdHVyZQ"


def token(**payload: Any) -> str:
    """Returns a licence as John Snow Labs sends it: header, payload, signature."""
    packed = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{packed}.{SECRET}"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Lets package and jar of the NLP product be there."""
    known = importlib.machinery.ModuleSpec("sparknlp_jsl", None)
    real = licenses.importlib.util.find_spec
    monkeypatch.setattr(
        licenses.importlib.util, "find_spec", lambda name: known if name == "sparknlp_jsl" else real(name)
    )
    monkeypatch.setenv("GENLAB_LICENSED_JARS", str(tmp_path))
    jar = tmp_path / "spark-nlp-jsl-5.5.3.jar"
    jar.touch()
    return jar


def test_scopes_and_end_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_OCR_LICENSE", token(exp=LATER, scope=["ocr: training", "ocr:inference"]))
    (found,) = licenses.found()
    assert found.product is OCR
    assert found.scopes == ("ocr: training", "ocr: inference")
    assert found.expires == datetime(2099, 1, 1, tzinfo=UTC)
    assert not found.expired()
    assert found.allows("ocr: training")


def test_a_file_holds_several_and_its_name_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENLAB_LICENSES", str(tmp_path))
    inner = {"license": {"scopes": "legal:training finance:training"}}
    keys = {
        "SPARK_NLP_LICENSE": token(exp=EARLIER, **inner),
        "SPARK_OCR_LICENSE": token(),
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    (tmp_path / "jsl.json").write_text(json.dumps(keys))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    first, second = licenses.found()
    assert (first.product, first.origin) == (NLP, "jsl.json: SPARK_NLP_LICENSE")
    assert first.scopes == ("legal: training", "finance: training")
    assert first.expired()
    assert (second.scopes, second.expires) == ((), None)


@pytest.mark.parametrize(
    "broken", ["no token", "a.b.c", "a.e30", f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c", "...", "a." + "W1" * 9]
)
def test_what_is_no_token_is_said_and_never_shown(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", broken)
    (found,) = licenses.found()
    assert found.problem or found.scopes == ()
    assert broken not in repr(found)


@pytest.mark.parametrize("moment", ["soon", True, 1e300, None, float("nan")])
def test_an_end_that_is_no_time_is_not_known(monkeypatch: pytest.MonkeyPatch, moment: object) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", token(exp=moment))
    assert licenses.found()[0].expires is None


def test_the_token_is_in_nothing_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", token(scope="healthcare:inference", exp=LATER))
    assert SECRET not in repr(licenses.found())
    assert SECRET not in licenses.refusal("healthcare")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "none was found"),
        ({"scope": "healthcare:inference", "exp": LATER}, "the one found allows healthcare: inference"),
        ({"scope": "healthcare:training", "exp": EARLIER}, "ended on 2020-01-01"),
        ({"scope": "healthcare:training", "exp": LATER}, "spark-nlp-jsl is not installed"),
    ],
)
def test_the_refusal_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any] | None, said: str
) -> None:
    if payload is not None:
        monkeypatch.setenv("SPARK_NLP_LICENSE", token(**payload))
    assert said in licenses.refusal("healthcare")
    assert licenses.refusal("open_source") == ""


def test_licence_package_and_jar_suffice(monkeypatch: pytest.MonkeyPatch, installed: Path) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", token(scope="healthcare:training", exp=LATER))
    assert licenses.refusal("healthcare") == ""
    assert licenses.jars_of("healthcare") == [installed]
    assert licenses.jars_of("open_source") == []
    assert "legal: training" in licenses.refusal("legal")
    installed.unlink()
    assert "its jar spark-nlp-jsl-*.jar is not in" in licenses.refusal("healthcare")


def test_tokens_of_files_reach_the_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "license.json"
    file.write_text(json.dumps({"SPARK_NLP_LICENSE": "from file", "SPARK_OCR_LICENSE": "ocr"}))
    monkeypatch.setenv("GENLAB_LICENSES", str(file))
    monkeypatch.setenv("SPARK_NLP_LICENSE", "set before")
    monkeypatch.setenv("SPARK_OCR_LICENSE", "")
    monkeypatch.delenv("SPARK_OCR_LICENSE")
    licenses.into_environment()
    assert os.environ["SPARK_NLP_LICENSE"] == "set before"
    assert os.environ.pop("SPARK_OCR_LICENSE") == "ocr"
