"""The routes over a real workspace: what they answer, whom they refuse, and in which form."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from genlab_widgets import __version__, errors
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.server import PREFIX, handler, routes
from genlab_widgets.workspace import Workspace
from genlab_widgets.workspace._reading import PREDICTIONS, State
from tests.samples import LABELS, finish, imported, task, write_export, zipped
from tests.server.conftest import Ask

FINISHED = {"epochs": 2, "architecture": "crf"}


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stay in the queue: what a worker does has its own tests."""
    monkeypatch.setattr("genlab_widgets.runs.launcher.start_queued", lambda *_: None)


async def test_status_says_version_user_and_workspace(ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_USER", "olga")
    told = await ask("GET", "status")
    assert told.status == 200
    assert told.body["version"] == __version__
    assert told.body["home"] == str(home)
    assert told.body["user"] == "olga", "Jupyter's anonymous names are nobody's: the workspace's own user acts"
    assert set(told.body["runs"]) == {str(state) for state in Status}


async def test_the_user_is_the_one_that_jupyter_knows(ask: Ask) -> None:
    assert (await ask("GET", "status", person="max")).body["user"] == "max"


async def test_projects_and_what_the_user_may_do(ask: Ask, notes: str) -> None:
    listed = (await ask("GET", "projects")).body["projects"]
    assert listed == [{"name": notes, "description": "", "language": "en", "tasks": 60}]
    found = (await ask("GET", f"projects/{notes}", person="noah")).body
    assert found["kinds"] == ["ner", "assertion"]
    assert set(LABELS) <= set(found["labels"])
    assert found["tags"] == {"Train": 48, "Test": 12}
    assert found["members"][0] == {"username": "olga", "role": "Project Owner"}
    assert not any(found["may"].values()), "an annotator only looks"
    assert all((await ask("GET", f"projects/{notes}", person="max")).body["may"].values())


async def test_check_says_whether_it_can_be_trained(ask: Ask, notes: str) -> None:
    told = await ask("POST", f"projects/{notes}/check", {"spec": FINISHED})
    assert told.status == 200
    assert told.body["ready"]
    assert {label["label"] for label in told.body["labels"]} == set(LABELS)
    assert told.body["estimate"]["seconds"] > 0


@pytest.mark.parametrize("packed", [False, True])
async def test_import_of_what_the_file_browser_shows(ask: Ask, export: Path, packed: bool) -> None:
    if packed:
        zipped(export, export.parent / "notes.zip")
    told = await ask("POST", "projects", {"path": "data/notes.zip" if packed else "data/notes", "name": "mine"})
    assert told.status == 201, told.body
    assert told.body["project"]["name"] == "mine"
    assert told.body["project"]["tasks"] == 60
    assert (await ask("GET", "projects")).body["projects"][0]["name"] == "mine"


async def test_import_of_the_demo(ask: Ask) -> None:
    told = await ask("POST", "projects", {"demo": True})
    assert told.body["project"]["name"] == "clinic_notes"


async def test_import_wants_one_source(ask: Ask) -> None:
    for body in ({}, {"path": "data", "demo": True}, {"path": ""}, {"place": "data/notes"}):
        told = await ask("POST", "projects", body)
        assert (told.status, told.error["code"]) == (400, "GL200"), body


async def test_import_never_leaves_the_servers_folder(ask: Ask, home: Path, export: Path, jp_root_dir: Path) -> None:
    outside = write_export(jp_root_dir.parent / "outside")
    write_export(jp_root_dir / ".hidden")
    ways = ("../outside", "data/../../outside", "/../outside", str(outside), "..\\outside", "nothing", ".hidden", "d\0")
    for path in ways:
        told = await ask("POST", "projects", {"path": path})
        assert (told.status, told.error["code"]) == (404, "GL800"), path
    assert not (home / "projects").exists()


async def test_a_broken_export_is_explained(ask: Ask, jp_root_dir: Path) -> None:
    (jp_root_dir / "broken.json").write_text('[{"id": 1,')
    told = await ask("POST", "projects", {"path": "broken.json"})
    assert told.status == 400
    assert told.error["code"].startswith("GL1")
    assert told.error["what"]
    assert told.error["next_step"]


@pytest.mark.usefixtures("queued")
async def test_one_key_is_one_training(ask: Ask, home: Path, notes: str) -> None:
    body = {"spec": FINISHED, "key": "once"}
    first = await ask("POST", f"projects/{notes}/runs", body)
    assert first.status == 201, first.body
    (run,) = first.body["runs"]
    assert run["spec"]["epochs"] == 2
    assert run["status"] == "QUEUED"
    again = await ask("POST", f"projects/{notes}/runs", body)
    assert again.body["runs"][0]["id"] == run["id"]
    headed = await ask("POST", f"projects/{notes}/runs", {"spec": FINISHED}, headers={"Idempotency-Key": "once"})
    assert headed.body["runs"][0]["id"] == run["id"]
    other = await ask("POST", f"projects/{notes}/runs", {"spec": {**FINISHED, "epochs": 3}, "key": "once"})
    assert (other.status, other.error["code"]) == (409, "GL802")
    assert len(Workspace(home).runs()) == 1


@pytest.mark.usefixtures("queued")
async def test_runs_are_listed_filtered_and_stopped(ask: Ask, notes: str) -> None:
    for number in range(3):
        told = await ask("POST", f"projects/{notes}/runs", {"spec": {**FINISHED, "seed": number}}, person="olga")
        assert told.status == 201, told.body
    listed = (await ask("GET", "runs", params={"limit": "2", "offset": "1"})).body
    assert [run["id"] for run in listed["runs"]] == [f"{notes}-0002", f"{notes}-0001"]
    assert listed["counts"]["QUEUED"] == 3
    assert listed["runs"][0]["user"] == "olga"
    stopped = await ask("POST", f"runs/{notes}-0001/stop", person="max")
    assert (stopped.status, stopped.body["status"]) == (200, "CANCELLED")
    again = await ask("POST", f"runs/{notes}-0001/stop", person="max")
    assert again.body["status"] == "CANCELLED"
    found = (await ask("GET", "runs", params={"status": "CANCELLED", "project": notes})).body["runs"]
    assert [run["id"] for run in found] == [f"{notes}-0001"]
    assert (await ask("GET", "runs", params={"kind": "assertion"})).body["runs"] == []


async def test_filters_are_checked(ask: Ask) -> None:
    for query in ({"limit": "0"}, {"limit": "501"}, {"offset": "-1"}, {"status": "DONE"}):
        told = await ask("GET", "runs", params=query)
        assert told.status == 400
        assert list(told.error["details"]["fields"]) == list(query)


@pytest.mark.usefixtures("queued")
async def test_log_and_notebook_of_a_run(ask: Ask, home: Path, notes: str) -> None:
    run_id = (await ask("POST", f"projects/{notes}/runs", {"spec": FINISHED})).body["runs"][0]["id"]
    missing = await ask("GET", f"runs/{run_id}/notebook")
    assert (missing.status, missing.error["code"]) == (404, "GL800")
    run = Workspace(home).run(run_id)
    run.folder.log.write_text("Epoch 1/2 started\nümlaut", encoding="utf-8")
    run.notebook.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    whole = (await ask("GET", f"runs/{run_id}/log")).body
    assert whole["text"].endswith("ümlaut")
    assert not whole["ended"]
    rest = (await ask("GET", f"runs/{run_id}/log", params={"offset": str(whole["offset"])})).body
    assert rest["text"] == ""
    assert (await ask("GET", f"runs/{run_id}/notebook")).body["notebook"]["nbformat"] == 4
    details = (await ask("GET", f"runs/{run_id}")).body
    assert details["has_log"]
    assert details["has_notebook"]


@pytest.fixture
def model(home: Path, notes: str) -> str:
    """A model that a finished run registered; its name."""
    workspace = Workspace(home, user="olga")
    found = finish(workspace, workspace.project(notes).spec(**FINISHED), notes).model
    assert found is not None
    return found


async def test_a_model_is_deployed_as_it_was_shown(ask: Ask, home: Path, notes: str, model: str) -> None:
    listed = (await ask("GET", "models", params={"project": notes})).body["models"]
    assert [item["name"] for item in listed] == [model]
    assert not listed[0]["deployed"]
    shown = (await ask("GET", f"models/{model}/deploy")).body
    assert f'model="{model}"' in shown["diff"]
    assert not shown["applied"]
    stale = await ask("POST", f"models/{model}/deploy", {"preview": "0" * 16})
    assert (stale.status, stale.error["code"]) == (409, "GL802")
    assert not Workspace(home).model(model).deployed
    refused = await ask("POST", f"models/{model}/deploy", {"preview": shown["preview"]}, person="noah")
    assert (refused.status, refused.error["code"]) == (403, "GL900")
    made = await ask("POST", f"models/{model}/deploy", {"preview": shown["preview"]}, person="max")
    assert made.body["applied"]
    assert (await ask("GET", f"models/{model}")).body["deployed"]
    back = (await ask("GET", f"models/{model}/undo")).body
    assert (await ask("POST", f"models/{model}/undo", {"preview": back["preview"]})).body["applied"]
    assert not (await ask("GET", f"models/{model}")).body["deployed"]


@pytest.mark.usefixtures("queued")
@pytest.mark.parametrize(
    ("path", "body"),
    [("projects", {"path": "data/notes"}), ("projects/notes/runs", {"spec": FINISHED}), ("runs/notes-0001/stop", {})],
)
async def test_roles(ask: Ask, notes: str, export: Path, path: str, body: dict[str, Any]) -> None:
    await ask("POST", f"projects/{notes}/runs", {"spec": {**FINISHED, "seed": 1}}, person="olga")
    for person in ("noah", "rita"):
        told = await ask("POST", path, body, person=person)
        assert (told.status, told.error["code"]) == (403, "GL900")
        assert person in told.error["what"]
    for person in ("max", "olga"):
        assert (await ask("POST", path, body, person=person)).status in (200, 201)


async def test_nobody_gets_in_without_the_token(jp_fetch: Any, home: Path) -> None:
    for route in routes.ROUTES:
        path = re.sub(r"\{\w+\}", "x", route.path)
        given = {"body": b"{}"} if route.method == "POST" else {}
        for headers in ({"Authorization": ""}, {"Authorization": "token wrong"}):
            with pytest.raises(HTTPClientError) as refused:
                await jp_fetch(*PREFIX.split("/"), *path.split("/"), method=route.method, headers=headers, **given)
            assert refused.value.code == 403, route.path
            told = json.loads(refused.value.response.body)
            assert told["error"]["code"] == "GL900"
    assert not any(home.iterdir())


async def test_a_cookie_alone_may_not_change_anything(jp_fetch: Any, jp_serverapp: Any, home: Path) -> None:
    """A page elsewhere can make the browser send its cookie, not the XSRF header."""
    from jupyter_server.auth.identity import User
    from tornado.web import create_signed_value

    name = f"username-127-0-0-1-{jp_serverapp.port}"
    user = jp_serverapp.identity_provider.user_to_cookie(User(username="max"))
    secret = jp_serverapp.web_app.settings["cookie_secret"]
    cookie = f"{name}={create_signed_value(secret, name, user).decode()}"
    with_cookie = {"Authorization": "", "Cookie": cookie}
    seen = await jp_fetch(*PREFIX.split("/"), "projects", headers=with_cookie)
    assert seen.code == 200, "the cookie is good"
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch(*PREFIX.split("/"), "projects", method="POST", body=b'{"demo": true}', headers=with_cookie)
    assert refused.value.code == 403
    assert not any(home.iterdir())


async def test_addresses_name_things_and_never_paths(ask: Ask, notes: str) -> None:
    assert (await ask("GET", f"projects/{notes}/")).status == 200
    strays = (
        "none",
        "projects/none",
        "projects/..",
        "projects/%2Fetc",
        "runs/none-0001",
        "runs/..%2F..",
        "models/none",
    )
    for path in strays:
        told = await ask("GET", path)
        assert (told.status, told.error["code"]) == (404, "GL800"), path


async def test_a_body_that_cannot_be_read(ask: Ask, notes: str) -> None:
    for body in (b"{", b"[]", b'"x"', b"\xff", b'{"spec": []}', b'{"spec": {"project": "x"}}'):
        told = await ask("POST", f"projects/{notes}/runs", body)
        assert (told.status, told.error["code"]) == (400, "GL200"), body


async def test_a_wrong_field_is_named(ask: Ask, notes: str) -> None:
    told = await ask("POST", f"projects/{notes}/runs", {"spec": {"epochs": 0}})
    assert told.status == 400
    assert "epochs" in told.error["details"]["fields"]


async def test_too_few_completions(ask: Ask, home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "few", tasks=[task(1, completions=[])]))
    told = await ask("POST", "projects/few/runs", {"spec": FINISHED})
    assert (told.status, told.error["reason"]) == (422, "too_few_completions")


async def test_our_own_errors_show_no_traceback(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Workspace) -> None:
        raise RuntimeError("secret\nTraceback")

    monkeypatch.setattr(Workspace, "projects", broken)
    told = await ask("GET", "projects")
    assert (told.status, told.error["code"]) == (500, "GL001")
    assert "Traceback" not in json.dumps(told.body)
    assert "Jupyter's log" in told.error["next_step"]


async def test_a_workspace_that_cannot_be_used(ask: Ask, home: Path) -> None:
    home.joinpath("genlab.db").mkdir()
    told = await ask("GET", "runs")
    assert told.status == 503
    assert told.error["next_step"]


@pytest.mark.parametrize("asked", ["train", "models"])
async def test_a_page_is_the_shipped_notebook(ask: Ask, notes: str, asked: str) -> None:
    told = (await ask("GET", f"pages/{asked}", params={"project": notes})).body
    (cell,) = told["notebook"]["cells"]
    assert f"App(page='{asked}', project='{notes}')" in cell["source"]
    compile(cell["source"], "page", "exec")
    compile(told["go_to"], "go_to", "exec")


async def test_an_empty_workspace_has_nowhere_to_go(ask: Ask) -> None:
    assert (await ask("GET", "pages/train")).body["go_to"] == ""


async def test_a_project_name_is_text_in_the_notebook(ask: Ask) -> None:
    name = "x'); import os; ('"
    (cell,) = (await ask("GET", "pages/train", params={"project": name})).body["notebook"]["cells"]
    assert repr(name) in cell["source"]


def test_every_error_has_a_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GenlabError)]
    statuses = {kind.__name__: handler.http_status(kind("x")) for kind in kinds}
    assert {name for name, status in statuses.items() if status == 500} == {"GenlabError", "InternalError"}


def test_figures_that_are_no_numbers_are_null() -> None:
    assert routes.as_json({"f1": float("nan"), "loss": [float("inf"), 1.5]}) == '{"f1": null, "loss": [null, 1.5]}'


def test_end_reasons_are_text() -> None:
    assert routes.as_json({"reason": next(iter(EndReason))}).startswith('{"reason": "')


async def test_active_learning_is_switched_and_shown(ask: Ask, notes: str) -> None:
    place = f"projects/{notes}/active-learning"
    assert (await ask("GET", place)).body == {"project": notes, "on": False}
    told = await ask("POST", place, {"every": 20, "spec": FINISHED}, person="max")
    assert (told.status, told.body["every"], told.body["new"], told.body["user"]) == (200, 20, 0, "max")
    assert told.body["settings"] == FINISHED
    assert (await ask("POST", place, {"every": 0})).status == 400
    assert (await ask("POST", place, {}, person="noah")).status == 403
    assert (await ask("POST", place, {}, person="max")).body["on"] is False


async def test_preannotation_is_refused_without_a_model_and_shown_when_it_has_ended(ask: Ask, notes: str) -> None:
    place = f"projects/{notes}/preannotation"
    assert (await ask("GET", place)).body == {}
    assert (await ask("POST", place)).status == 409
    assert (await ask("GET", f"projects/{notes}/predictions")).status == 409
    reading = Workspace().project(notes).preannotation
    reading.folder.mkdir(parents=True)
    reading.write(State(read=3, items=2, ended_at=datetime(2026, 11, 26, tzinfo=UTC)))
    (reading.folder / PREDICTIONS).write_text('[{"id": 1}]')
    told = (await ask("POST", f"{place}/stop")).body
    assert (told["read"], told["items"], told["error"]) == (3, 2, "")
    assert (await ask("GET", f"projects/{notes}/predictions")).body == {"tasks": [{"id": 1}]}


async def test_runs_and_projects_are_deleted_by_those_who_may(ask: Ask, notes: str) -> None:
    workspace = Workspace(user="olga")
    run = finish(workspace, workspace.project(notes).spec(), notes)
    assert (await ask("POST", f"runs/{run.id}/delete", person="noah")).status == 403
    assert (await ask("POST", f"runs/{run.id}/delete", person="max")).body == {"deleted": run.id}
    assert (await ask("GET", f"runs/{run.id}")).status == 404
    assert (await ask("POST", f"projects/{notes}/delete", {"with_runs": True}, person="max")).body == {"deleted": notes}
    assert (await ask("GET", "projects")).body["projects"] == []
