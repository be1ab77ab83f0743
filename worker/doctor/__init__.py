"""What `runmail doctor` examines, each finding with what was seen and what to do about it.

It changes nothing. A secret never stands in a finding. The order of examination is in `examination`; each other
file examines one part.
"""

from worker.doctor.examination import examine
from worker.doctor.finding import Finding, Surroundings, Verdict

__all__ = ["Finding", "Surroundings", "Verdict", "examine"]
