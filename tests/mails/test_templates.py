"""An admin's templates: what replaces what, what is refused before any mail meets it, and that mail goes out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.facts import Fact, TemplateFailed
from consumers.mails.budget import STEPS
from consumers.mails.html_rules import breaches
from consumers.mails.rendering import MAIL_PARTS, VIEWS, Rendered, Renderer, SetRenderer, set_of_profile
from consumers.mails.sandbox import OurSandbox
from consumers.mails.template_check import Finding, TemplatesRefused, check_folder, load_sets
from consumers.mails.template_files import MAX_FILE, TEMPLATES, TemplateFile, TemplateSet, built_in, our_files
from consumers.mails.template_names import view_fields
from consumers.mails.template_samples import samples
from consumers.meaning import consumer_of
from consumers.notice import Notice
from profiles.profile import Profile
from tests.mails.conftest import PROFILE, example, mail


def write(folder: Path, **files: str) -> Path:
    """Write templates; `__` in a name is a slash and `_dot_` a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def render(renderer: Renderer, name: str = "alert", profile: Profile = PROFILE, **changes: Any) -> Rendered:
    event = example(name, **changes)
    consumer = consumer_of(event)
    assert consumer is not None
    notice = consumer(event)
    assert isinstance(notice, Notice)
    return renderer.render(notice, event=event, profile=profile)


def found(folder: Path) -> list[Finding]:
    return list(check_folder(folder))


def faults(folder: Path) -> list[str]:
    return [str(each).replace(f"{folder}/", "") for each in check_folder(folder) if each.verdict == "fault"]


# What replaces what


def test_a_template_of_the_folder_replaces_ours_and_leaves_the_others(tmp_path: Path) -> None:
    write(tmp_path, alert__subject_dot_txt="Ours: {{ view.title }}")

    changed = render(Renderer(load_sets(tmp_path)), title="disk")

    assert changed.subject == "Ours: disk"
    assert changed.html.replace("Ours: disk", "▲ critical: disk") == render(Renderer(), title="disk").html


def test_a_profile_that_names_a_set_gets_its_templates_and_beneath_them_the_folders(tmp_path: Path) -> None:
    write(
        tmp_path,
        alert__subject_dot_txt="Folder: {{ view.title }}",
        alert__body_dot_txt="Folder says {{ view.title }}",
        sets__shop__alert__subject_dot_txt="Shop: {{ view.title }}",
    )
    renderer = Renderer(load_sets(tmp_path), set_of=lambda profile: profile.note or None)

    plain, shop = render(renderer, title="disk"), render(renderer, profile=replace(PROFILE, note="shop"), title="disk")

    assert (plain.subject, shop.subject) == ("Folder: disk", "Shop: disk")
    assert shop.text == plain.text == "Folder says disk\n"


def test_a_set_that_is_not_there_is_said_and_the_folder_is_used(tmp_path: Path) -> None:
    write(tmp_path, alert__subject_dot_txt="Folder")

    assert render(Renderer(load_sets(tmp_path), set_of=lambda _: "gone")).subject == "Folder"


def test_the_set_is_the_one_that_the_profile_names() -> None:
    assert set_of_profile(replace(PROFILE, templates="shop")) == "shop"
    assert set_of_profile(PROFILE) is None


def test_a_template_can_extend_the_one_it_replaces_and_use_our_pieces_and_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        alert__body_dot_html=(
            '{% extends "runmail/alert/body.html" %}{% import "pieces.html" as pieces %}{% block content %}'
            '{% include "greeting.html" %}{{ pieces.heading("Read on") }}{{ super() }}{% endblock %}'
        ),
        greeting_dot_html="<tr><td>Hello from {{ profile.name }}</td></tr>",
    )

    html = render(Renderer(load_sets(tmp_path)), title="disk").html

    assert html.index("Hello from QA alerts") < html.index("Read on") < html.index(">disk<")
    assert found(tmp_path) == []


def test_a_frame_of_the_folder_is_the_frame_of_every_mail(tmp_path: Path) -> None:
    frame = (TEMPLATES / "frame.html").read_text("utf-8").replace('<html lang="en">', '<html lang="en" data-brand="x">')
    renderer = Renderer(load_sets(write(tmp_path, frame_dot_html=frame)))

    for name in ("alert", "run-finished", "summary-ready"):
        assert 'data-brand="x"' in render(renderer, name).html


def test_what_is_changed_on_disk_is_not_used_before_a_restart(tmp_path: Path) -> None:
    renderer = Renderer(load_sets(write(tmp_path, alert__subject_dot_txt="Before")))
    write(tmp_path, alert__subject_dot_txt="{% broken")

    assert render(renderer).subject == "Before"


# What is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if %}", "alert/body.html:2: TemplateSyntaxError"),
        ("{{ view.", "alert/body.html:1: TemplateSyntaxError"),
        ("a\n\n{% include 'nothing' %}", "alert/body.html:3: there is no template “nothing”"),
        ("{% if false %}\n{{ view.titel }}{% endif %}", "alert/body.html:2: `view` has no “titel”"),
        ("{% if false %}\n{{ veiw.title }}{% endif %}", "alert/body.html:2: the name “veiw” is not there"),
        ("a\n{{ view.title + 1 }}", "alert/body.html:2: TypeError: can only concatenate str"),
        ("{{ view.description[0] }}", "UndefinedError"),  # an alert may have none
        ("{{ 1 / 0 }}", "alert/body.html:1: ZeroDivisionError"),
        ("{{ view.facts }}", "it writes what is no text and no number (tuple)"),
        ("{{ event.time }}", "UndefinedError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ view.__init__.__globals__ }}", "`view` has no “__init__”"),
        ("{{ view['__init__'].__globals__ }}", "SecurityError"),
        ("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "a loop may not be recursive"),
        ("   \n", "alert/body.html: it comes out empty"),
        ("{{ 'ab ' * 40000 }}", "at most 95,000 may be sent"),
        ("<script>alert(1)</script>", "alert/body.html:1: the HTML has a <script> element"),
        ("a\n<p onclick='x()'>", "alert/body.html:2: the HTML has a script in the attribute onclick"),
        ("<a href=' javascript:x()'>", "the HTML has a script in the attribute href"),
        ("a\n{{ view.title|safe }}", "alert/body.html:2: a text of the event reaches the HTML unescaped"),
        ("{% autoescape false %}<b title='{{ view.title }}'>{% endautoescape %}", "reaches the HTML unescaped"),
        ("{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "alert/body.html: SyntaxError"),
        ("{{ " + "(" * 3000 + ")" * 3000 + " }}", "alert/body.html: RecursionError"),
        ("{{ " + "9" * 5000 + " }}", "alert/body.html"),
    ],
)
def test_a_faulty_template_is_refused_with_its_file_line_and_reason(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, alert__body_dot_html=text)

    assert any(said in fault for fault in faults(tmp_path)), faults(tmp_path)
    with pytest.raises(TemplatesRefused, match=r"alert/body\.html"):
        load_sets(tmp_path)


def test_a_faulty_set_and_a_faulty_piece_are_refused_where_they_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        alert__body_dot_html='{% include "greeting.html" %}',
        greeting_dot_html="a\nb\n{{ view.title / 2 }}",
        sets__shop__summary_ready__subject_dot_txt="{{ view.nothing }}",
    )

    first, second = faults(tmp_path)

    assert first.startswith("greeting.html:3: TypeError")
    assert first.endswith("(sample “usual”)")
    assert second == "sets/shop/summary_ready/subject.txt:1: `view` has no “nothing”"


def test_a_set_that_changes_only_the_frame_is_tried_on_every_mail_that_has_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        alert__body_dot_html='{% extends "runmail/alert/body.html" %}',
        sets__shop__frame_dot_html="{% if view.key %}{{ view.key + 1 }}{% endif %}{% block content %}{% endblock %}",
    )

    kinds = {fault.partition(" (")[0] for fault in faults(tmp_path)}

    assert kinds == {
        "sets/shop/frame.html:1: TypeError: can only concatenate str",
        "sets/shop/frame.html:1: UndefinedError: 'consumers.mails.answer_view.AnswerView object' has no "
        "attribute 'key'",
        "sets/shop/frame.html:1: UndefinedError: 'consumers.mails.run_finished_view.RunFinishedView object' has no "
        "attribute 'key'",
        "sets/shop/frame.html:1: UndefinedError: 'consumers.mails.summary_ready_view.SummaryReadyView object' has no "
        "attribute 'key'",
    }


def test_a_fault_that_only_some_events_show_names_the_sample(tmp_path: Path) -> None:
    write(tmp_path, run_finished__subject_dot_txt="{{ view.failures[0].name }}")

    (fault,) = faults(tmp_path)

    assert "UndefinedError" in fault
    assert fault.endswith("(sample “least”)")


@pytest.mark.parametrize("octets", [b"\xff\xfe\x00", b"x" * (MAX_FILE + 1)])
def test_a_file_that_is_no_template_is_refused(tmp_path: Path, octets: bytes) -> None:
    write(tmp_path, alert__subject_dot_txt="")
    (tmp_path / "alert" / "subject.txt").write_bytes(octets)

    with pytest.raises(TemplatesRefused, match=r"alert/subject\.txt"):
        load_sets(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplatesRefused, match="is not there"):
        load_sets(tmp_path / "nowhere")


def test_what_is_only_doubtful_is_a_warning(tmp_path: Path) -> None:
    write(
        tmp_path,
        alert__boddy_dot_html="a mistyped name",
        README_dot_md="no template at all",
        _dot_git__x_dot_html="{% hidden",
        summary_ready__body_dot_html='{% extends "frame.html" %}\nlost\n{% block content %}kept{% endblock %}',
        run_finished__body_dot_html="<p>\n<img src='https://example.com/logo.png'></p>",
    )

    told = [str(each).replace(f"{tmp_path}/", "").partition(" (sample")[0] for each in found(tmp_path)]

    assert told == [
        "summary_ready/body.html:2: what stands outside of a block is not shown, because the template extends one",
        "alert/boddy.html: it replaces nothing and no template uses it",
        "run_finished/body.html:2: <img> loads https://example.com/logo.png, which many mail programs block",
    ]
    assert len(load_sets(tmp_path)) == 1


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "<link> loads //cdn.example/x.css"),
        ('<td style="background:url(https://x.example/a.png)">', "a style loads https://x.example/a.png"),
        ("<style>@import 'https://x.example/a.css';</style>", "a style loads https://x.example/a.css"),
        ('<table background="http://x.example/a.png">', "<table> loads http://x.example/a.png"),
    ],
)
def test_what_lies_elsewhere_is_named(html: str, said: str) -> None:
    assert [each.said.partition(",")[0] for each in breaches(html)] == [said]


def test_links_and_what_travels_with_the_mail_are_fine() -> None:
    assert breaches('<a href="https://x.example">x</a><img src="cid:trend"><img src="data:image/png;base64,AA">') == []


# That they come to an end

BOMBS = {
    "nested loops": "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "a large range": "{% for i in range(10**9) %}{% endfor %}",
    "a text multiplied": "{{ 'x' * 10**9 }}",
    "a list multiplied": "{{ ([0] * 10**9)|length }}",
    "a power": "{{ 10**10**8 }}",
    "squares": "{% set n = namespace(a=9) %}{% for i in range(99) %}{% set n.a = n.a * n.a %}{% endfor %}",
    "doubling by ~": "{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "doubling by +": "{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = n.a + n.a %}{% endfor %}",
    "doubling by set": (
        "{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a %}{{ n.a }}{{ n.a }}{% endset %}{% endfor %}"
    ),
    "lists of lists": "{% set n = namespace(a=[1]) %}{% for i in range(99) %}{% set n.a = [n.a, n.a] %}{% endfor %}",
    "dicts of dicts": (
        "{% set n = namespace(a=1) %}{% for i in range(99) %}{% set n.a = dict(x=n.a, y=n.a) %}{% endfor %}"
    ),
    "macros": "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "includes": "{% include 'alert/subject.txt' %}{% include 'alert/subject.txt' %}",
    "a wide format": "{{ '%999999999d'|format(1) }}",
    "a format with its width from elsewhere": "{{ '%*d'|format(999999999, 1) }}",
    "a named format": "{{ '%(x)999999999d'|format(x=1) }}",
    "a format by %": "{{ '%999999999d' % 1 }}",
    "str.format": "{{ '{:999999999}'.format(1) }}",
    "str.ljust": "{{ 'x'.ljust(10**9) }}",
    "int.to_bytes": "{{ (5).to_bytes(999999999) }}",
    "center": "{{ 'x'|center(10**9) }}",
    "indent": "{{ 'x'|indent(10**9, true) }}",
    "replace": "{{ ('x' * 100000)|replace('x', 'y' * 100000) }}",
    "join": "{{ (['x' * 100000] * 9999)|join }}",
    "map": "{{ ['%999999999d']|map('format', 1)|join }}",
    "batch": "{{ [1]|batch(10**9, 0)|list|length }}",
    "filler": "{{ lipsum(10**6) }}",
    "a large text read again and again": (
        "{% set big = 'x ' * 90000 %}{% for i in range(19000) %}{% set y = big.upper() %}{% endfor %}"
    ),
    "a large text filtered again and again": "{{ (['x ' * 90000] * 9000)|map('wordcount')|sum }}",
    "much text": "{% for i in range(20000) %}" + "x" * 10_000 + "{% endfor %}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.timeout(20)
def test_a_template_that_would_not_end_is_refused_in_time(text: str) -> None:
    """In memory: a small address space would hide what only the bounds stop."""
    own = {"alert/subject.txt": TemplateFile("alert/subject.txt", text, Path("alert/subject.txt"))}
    renderer = SetRenderer(TemplateSet(None, own, our_files()))
    sample = next(each for each in samples() if each.notice.template == "alert")

    with pytest.raises(Exception, match=r"alert/subject\.txt"):
        renderer.render(sample.notice, event=sample.event, profile=sample.profile)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="{}%|()[]'\"~*+.,= abinxfor01\n", max_size=60))
def test_whatever_a_template_says_it_is_compiled_or_refused_and_never_raises(text: str) -> None:
    own = {"alert/body.txt": TemplateFile("alert/body.txt", text, Path("alert/body.txt"))}

    for fault in SetRenderer(TemplateSet(None, own, our_files())).compile_all():
        assert fault.template == "alert/body.txt"


# That mail goes out


def test_a_template_that_fails_at_a_mail_nevertheless_costs_no_mail(tmp_path: Path) -> None:
    write(tmp_path, alert__subject_dot_txt="{% if 'only this' in view.title %}{{ 1 / 0 }}{% endif %}Ours")
    told: list[Fact] = []
    renderer = Renderer(load_sets(tmp_path), tell=told.append)

    assert render(renderer, title="another").subject == "Ours"
    assert render(renderer, title="only this").subject == "▲ critical: only this"
    assert told == [TemplateFailed("alert")]


# That the samples show everything


def test_every_template_has_samples_in_which_each_field_is_empty_and_filled() -> None:
    always = {"suite", "outcome", "button", "title", "key"}
    for template, view in VIEWS.items():
        seen: dict[str, set[bool]] = {name: set() for name in view_fields(template)}
        for sample in samples():
            if sample.notice.template == template:
                for budget in (STEPS[0], STEPS[-1]):
                    shown = view(sample.notice.data, "UTC", budget)
                    for name in seen:
                        seen[name].add(bool(getattr(shown, name)))
        missing = {name for name, values in seen.items() if values != ({True} if name in always else {True, False})}
        assert missing <= ({"facts"} if template == "alert" else set()), (template, missing)


def test_our_own_templates_hold_for_every_sample_in_the_sandbox_too(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    assert {each.templates.name for each in load_sets(tmp_path)} == {None}
    assert set(MAIL_PARTS) <= set(our_files())
    counted, plain = SetRenderer(built_in()), Renderer()
    for sample in samples():
        both = [each.render(sample.notice, event=sample.event, profile=sample.profile) for each in (counted, plain)]
        assert both[0] == both[1]


def test_a_preview_is_made_of_the_same_templates() -> None:
    assert mail(example("alert", title="disk")).subject == render(Renderer(), title="disk").subject


def test_threads_that_render_their_first_mails_at_once_compile_each_template_once() -> None:
    compiled: list[str] = []

    class Noting(OurSandbox):
        def compile(self, source: Any, name: str | None = None, *args: Any, **kwargs: Any) -> Any:
            compiled.append(str(name))
            return super().compile(source, name, *args, **kwargs)

    renderer, (sample, *_) = SetRenderer(built_in(), Noting), samples()
    with ThreadPoolExecutor(8) as pool:
        waiting = threading.Barrier(8)

        def render_one() -> None:
            waiting.wait(10)
            renderer.render(sample.notice, event=sample.event, profile=sample.profile)

        for done in [pool.submit(render_one) for _ in range(8)]:
            done.result(30)

    assert sorted(compiled) == sorted(set(compiled))
