"""The check of a folder of templates: whether every mail that can be made of it will be one.

In the order of what they cost: every file is read and compiled, every name it uses is looked up, and every set is
rendered for every sample. A fault refuses the folder; a warning does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from consumers.mails.budget import MAX_MESSAGE, STEPS
from consumers.mails.html_rules import Breach, breaches
from consumers.mails.rendering import PARTS, Rendered, RenderFailed, SetRenderer, rendered_size
from consumers.mails.template_files import FolderUnusable, TemplateFile, TemplateSet, our_files, read_sets
from consumers.mails.template_names import look_up_names, touched
from consumers.mails.template_samples import Sample, samples

Verdict = Literal["fault", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line` is None when it belongs to no line; `sample` names the event that shows it."""

    verdict: Verdict
    file: str
    line: int | None
    said: str
    set: str | None = None
    sample: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.said}{f' (sample “{self.sample}”)' if self.sample else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return asdict(self)


class TemplatesRefused(Exception):
    """Raised when templates have faults; the text is one line for each."""

    def __init__(self, faults: list[Finding]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def load_sets(folder: Path | None) -> list[SetRenderer]:
    """Return what renders the sets of a folder, checked; none without a folder.

    Raises:
        TemplatesRefused: when a template has a fault.
    """
    if folder is None:
        return []
    sets: list[SetRenderer] = []
    faults = [each for each in check_folder(folder, sets.append) if each.verdict == "fault"]
    if faults:
        raise TemplatesRefused(faults)
    return sets


def check_folder(folder: Path, checked: Callable[[SetRenderer], None] = lambda each: None) -> Iterator[Finding]:
    """Return what is wrong with a folder of templates; `checked` is told each set after it was looked at."""
    try:
        sets = read_sets(folder)
    except FolderUnusable as error:
        yield Finding("fault", str(folder), None, str(error))
        return
    told = set()
    for templates in sets:
        renderer = SetRenderer(templates)
        for finding in _findings(renderer):
            # What is wrong with the folder's own templates shows again in every set that falls back to them.
            if (finding.file, finding.line, finding.said) not in told:
                told.add((finding.file, finding.line, finding.said))
                yield finding
        checked(renderer)


def _findings(renderer: SetRenderer) -> Iterator[Finding]:
    """Look at one set, and at what costs more only when nothing is wrong so far."""
    templates = renderer.templates
    faults = [_fault(templates, error) for error in renderer.compile_all()]
    if faults:
        yield from faults
        return
    sound = True
    for file, verdict, line, said in look_up_names(templates):
        yield Finding(verdict, str(file.path), line, said, templates.name)
        sound = sound and verdict != "fault"
    if sound:
        changed = touched(templates)
        for sample in samples():
            if sample.notice.template in changed:
                yield from _tried_on(renderer, sample)


def _fault(templates: TemplateSet, error: RenderFailed, sample: str | None = None) -> Finding:
    return Finding("fault", error.path, error.line, error.detail, templates.name, sample)


def _tried_on(renderer: SetRenderer, sample: Sample) -> Iterator[Finding]:
    """Render a sample, as generous as it fits and as sparse as it gets."""
    event, profile = sample.event, sample.profile
    try:
        full = renderer.render(sample.notice, event=event, profile=profile)
        renderer.render_within(STEPS[-1], sample.notice, event, profile)
    except RenderFailed as error:
        yield _fault(renderer.templates, error, sample.name)
        return
    templates = renderer.templates
    files = {part: templates.all[f"{sample.notice.template}/{part}"] for part in PARTS}
    for part, said in _faults_of_mail(full):
        yield Finding("fault", str(files[part].path), None, said, templates.name, sample.name)
    for breach in breaches(full.html):
        file, line = _source_of(breach, files["body.html"], templates) or (files["body.html"], None)
        verdict: Verdict = "fault" if breach.refused else "warning"
        yield Finding(verdict, str(file.path), line, breach.said, templates.name, sample.name)


def _faults_of_mail(full: Rendered) -> Iterator[tuple[str, str]]:
    """Find what makes a mail none: an empty part, or more than may be sent."""
    for part, text in zip(PARTS, (full.subject, full.text, full.html), strict=True):
        if not text.strip():
            yield part, "it comes out empty"
    size = rendered_size(full)
    if size > MAX_MESSAGE:
        yield "body.html", f"the mail has {size:,} bytes when it shows least; at most {MAX_MESSAGE:,} may be sent"


def _source_of(breach: Breach, body: TemplateFile, templates: TemplateSet) -> tuple[TemplateFile, int] | None:
    """Return the file and line that a breach comes from, where its text stands in one that is not ours."""
    ours = our_files().values()
    for file in (body, *templates.own.values(), *templates.beneath.values()):
        at = file.text.find(breach.needle)
        if at >= 0 and file not in ours:
            return file, file.text.count("\n", 0, at) + 1
    return None
