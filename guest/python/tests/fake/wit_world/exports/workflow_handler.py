"""How bodies end."""

from ..cases import record

Ending_Completed = record("Ending_Completed", "value")
Ending_Failed = record("Ending_Failed", "value")
Ending_Cancelled = record("Ending_Cancelled")
Ending_Continued = record("Ending_Continued", "value")
