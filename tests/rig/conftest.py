"""The rig's fixtures for the rig's own tests."""

from tests.rig.fixtures import *  # noqa: F403 (fixtures are found by their names)
