"""`runmail templates` as an admin types it, and that no worker starts on a faulty folder."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.test_operator_commands import document
from tests.cli.typed import typed
from tests.rig.spine import Spine

ROOT = Path(__file__).parent.parent.parent


def test_a_template_is_copied_changed_shown_and_checked(tmp_path: Path) -> None:
    folder = tmp_path / "mail-templates"
    copied = typed("templates", "copy", "alert", str(folder), home=tmp_path)
    assert copied.stdout.split() == [str(folder / "alert" / part) for part in ("body.html", "body.txt", "subject.txt")]
    (folder / "alert" / "subject.txt").write_text("Shop: {{ view.title }}\n")
    (folder / "alert" / "body.html").unlink()

    rows = document(typed("templates", "list", "--templates", str(folder), "--json", home=tmp_path))
    assert {(row["template"], row["replaces"]) for row in rows if row["from"] != "built-in"} == {
        ("alert/body.txt", True),
        ("alert/subject.txt", True),
    }
    difference = typed("templates", "diff", "alert/subject", "--templates", str(folder), home=tmp_path).stdout
    assert "--- runmail/alert/subject.txt" in difference
    assert "+Shop: {{ view.title }}" in difference
    assert "-{{ view.outcome.sign }}" in difference
    (entry,) = document(typed("templates", "diff", "alert/s", "--templates", str(folder), "--json", home=tmp_path))
    assert (entry["set"], entry["template"]) == (None, "alert/subject.txt")
    sound = typed("templates", "check", home=tmp_path, RUNMAIL_TEMPLATES=str(folder))
    assert (sound.returncode, sound.stdout) == (0, "The templates are sound.\n")


def test_copying_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "alert").mkdir()
    (tmp_path / "alert" / "body.txt").write_text("mine")

    done = typed("templates", "copy", "alert", str(tmp_path), "--json", home=tmp_path)

    assert done.returncode == 1
    assert json.loads(done.stdout)["there"] == [str(tmp_path / "alert" / "body.txt")]
    assert (tmp_path / "alert" / "body.txt").read_text() == "mine"


def test_a_fault_is_one_line_with_file_line_reason_and_sample(tmp_path: Path) -> None:
    (tmp_path / "alert").mkdir()
    (tmp_path / "alert" / "body.txt").write_text("Since\n{{ view.description[0] }}\n")

    done = typed("templates", "check", str(tmp_path), home=tmp_path)

    assert done.returncode == 1
    assert done.stdout.startswith(f"✗ {tmp_path}/alert/body.txt:2: UndefinedError")
    assert done.stdout.endswith("(sample “least”)\n")
    found = json.loads(typed("templates", "check", str(tmp_path), "--json", home=tmp_path).stdout)
    assert found["sound"] is False
    assert found["findings"][0]["line"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check",), 2, "there is no folder of templates: name one, or set RUNMAIL_TEMPLATES"),
        (("diff",), 2, "there is no folder of templates: name one, or set RUNMAIL_TEMPLATES"),
        (("diff", "--templates", "/nowhere"), 1, "the folder of templates /nowhere is not there"),
        (("copy", "nothing", "x"), 2, "there is no template “nothing”: `runmail templates list` names them"),
        (("copy", "alert", "x", "--set", "../y"), 2, "“../y” cannot be the name of a set"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    done = typed("templates", *arguments, home=tmp_path)

    assert (done.returncode, done.stderr) == (code, f"runmail: {said}\n")


def test_a_worker_refuses_to_start_on_a_faulty_template_and_says_where_it_is(spine: Spine) -> None:
    (spine.home / "t" / "sets" / "shop" / "alert").mkdir(parents=True)
    (spine.home / "t" / "sets" / "shop" / "alert" / "subject.txt").write_text("{{ view.titel }}")

    for command in (("worker", "--processes", "2"), ("up",)):
        done = spine.run(*command, RUNMAIL_TEMPLATES=str(spine.home / "t"))
        assert done.returncode == 1
        assert "sets/shop/alert/subject.txt:1: `view` has no “titel”" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_walk_through_of_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "templates.md").read_text("utf-8")
    walk = page.partition("## One profile's own greeting and logo")[2].partition("\n## ")[0]
    for kind, text in re.findall(r"```(\w+)\n(.*?)```", walk, re.DOTALL):
        if kind == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                words = [word.replace("examples/", f"{ROOT}/examples/") for word in words]
                words = [word.replace("mail-templates", f"{tmp_path}/mail-templates") for word in words]
                words = [word.replace("/tmp/preview", f"{tmp_path}/preview") for word in words]
                done = typed(*words[1:], home=tmp_path)
                assert done.returncode == 0, (line, done.stdout, done.stderr)
        else:
            named = re.search(r"{# (mail-templates/\S+) #}\n", text)
            assert named
            (tmp_path / named[1]).write_text(text.replace(named[0], ""), "utf-8")
    html = (tmp_path / "preview" / "body.html").read_text("utf-8")
    assert "Shop QA" in html
    assert "Good morning" in html
    assert "checkout-api" in html
