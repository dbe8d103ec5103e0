"""Messages."""

from ..cases import record

Message_Text = record("Message_Text", "value")
Message_Binary = record("Message_Binary", "value")
