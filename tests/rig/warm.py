"""What the server of `tests.rig.forked` does once so that no fork has to: loaded there last, and nowhere else."""

from __future__ import annotations

import gc

from sqlalchemy.orm import configure_mappers

from consumers.mails.rendering import ours
from consumers.mails.template_samples import samples

configure_mappers()
for sample in samples():
    ours().render(sample.notice, event=sample.event, profile=sample.profile)
# A fork copies every page that its collector touches.
gc.collect()
gc.freeze()
