"""What the component hears."""

from satama.hub import Bus, Keep
from satama.hub_handler import Event, listener

from hubs import MINUTE, placed
from show import Lines, message


def say(t: Lines) -> None:
    """Publishes what the handler is to hear."""
    with Bus.open("granted") as b:
        t.of("publish", placed, b.say, "in", "ä€😀")
        kept = Keep(10, MINUTE)
        t.of("publish kept", placed, b.publish, "in", b"\0\x80\xff", keep=kept)


@listener
def handle(event: Event) -> None:
    """Says what it hears to whoever reads the history of `out`."""
    kept = "true" if event.position is not None else "false"
    missed = "true" if event.missed else "false"
    text = f"{event.hub} {event.topic} {message(event.message)} {kept} {missed}"
    with Bus.open(event.hub) as b:
        b.publish("out", text, keep=Keep(10, MINUTE))


def heard(t: Lines) -> None:
    """What it has heard."""
    with Bus.open("granted") as b:
        t.call("heard", b.history, "out", limit=10)
