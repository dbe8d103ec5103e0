"""Where runs are in their lives."""

from enum import StrEnum


class Status(StrEnum):
    """Where a run is in its life."""

    RUNNING = "running"
    """It goes on, or waits."""
    SUSPENDED = "suspended"
    """It waits until someone resumes it."""
    CANCELLING = "cancelling"
    """It was cancelled, and has not ended yet."""
    COMPLETED = "completed"
    """It has ended, with an output."""
    FAILED = "failed"
    """It has ended, with a failure."""
    CANCELLED = "cancelled"
    """It has ended, because it was cancelled."""
