"""docs/pytest.md is true: every option stands on it, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import redis

from consumers.contract.pytest_wishes import HELP, IN_FILE
from tests.client.project import Project, only

pytestmark = pytest.mark.real("redis")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text("utf-8")
README = (ROOT / "consumers" / "contract" / "README.md").read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_every_option_stands_on_the_page_with_its_variable_and_its_name_in_the_file() -> None:
    rows = re.findall(r"^\| `--runmail-(\w+)` \| `(\w+)` \| (?:`(\w+)` )?\|", PAGE, re.MULTILINE)

    assert [name for name, _, _ in rows] == list(HELP)
    for name, variable, filed in rows:
        assert variable == ("RUNMAIL_BROKER_URL" if name == "broker" else f"RUNMAIL_{name.upper()}")
        assert filed == (f"runmail_{name}" if name in IN_FILE else "")


@pytest.mark.parametrize(
    "script", [*blocks(PAGE, "sh"), *blocks(README, "sh")], ids=lambda script: script.splitlines()[-1][:60]
)
def test_every_shell_example_tells_of_a_run(script: str, project: Project, broker: redis.Redis) -> None:
    project.write(test_a="def test_a(): pass")
    (command,) = re.findall(r"^pytest (.+)$", script, re.MULTILINE)
    done = project.run(*_words(command))

    assert done.code == 0
    assert done.line.startswith("published to profile 'QA alerts': passed, 1 test ")


def _words(command: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]


def test_the_example_of_the_configuration_file_asks_for_a_mail(project: Project, broker: redis.Redis) -> None:
    (example,) = blocks(PAGE, "ini")
    (project.folder / "pytest.ini").write_text(example.replace("runmail_deadline = 90\n", ""))
    project.write(test_a="def test_a(): pass")
    project.run()

    data = only(broker)["data"]
    assert (data["profile"], data["recipients"]) == ("QA alerts", ["team@example.com", "lead@example.com"])


def test_the_python_example_of_the_package_publishes(broker_url: str, broker: redis.Redis) -> None:
    (program,) = blocks(README, "python")
    assert "redis://localhost:6379/0" in program
    # The same files under the name that they have here; `test_distribution` runs them under the other.
    program = program.replace("runmail_client", "consumers.contract").replace("redis://localhost:6379/0", broker_url)
    exec(compile(program, "README.md", "exec"), {})

    assert only(broker)["id"] == "run-2209"
