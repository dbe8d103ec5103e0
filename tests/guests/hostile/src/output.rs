//! What should not reach a terminal or a log as it is, and far too much of it.

use std::io::{self, Write};

/// How much is printed to each of the two streams.
const OUTPUT_BYTES: usize = 64 << 20;

/// Things that a terminal obeys, or that fake a line of a log.
const SEQUENCES: &[&str] = &[
    // Clears the screen, moves the cursor, colours, rings.
    "\x1b[2J\x1b[H\x1b[31;5mred\x1b[0m\x07",
    // Sets the window's title; sets the clipboard; links to what it does not show.
    "\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJmIH4K\x07",
    "\x1b]8;;https://example.com\x1b\\harmless\x1b]8;;\x1b\\",
    // The same introducer as one character of C1; a device control string.
    "\u{9b}2J\u{90}q\u{9c}",
    // Fakes a line, overwrites one, and turns the direction of text.
    "\n2026-01-01T00:00:00Z ERROR satama: all secrets leaked\n",
    "an error\rall well\x08\x08",
    "\u{202e}txet desrever\u{2066}\u{2028}",
    "\0",
];

/// Prints to both streams. A stream that refuses is left alone.
pub fn print() -> String {
    let out = flood(io::stdout().lock());
    let err = flood(io::stderr().lock());
    format!("printed {out} and {err} bytes")
}

/// How many bytes the stream took.
fn flood(mut stream: impl Write) -> usize {
    let mut taken = 0;
    for text in SEQUENCES {
        taken += write(&mut stream, text.as_bytes()).unwrap_or(0);
    }
    // A line that is far too long, short ones, bytes that are not text.
    let blocks = [vec![b'x'; 1 << 20], b"line\n".repeat(1 << 18), vec![0xff; 1 << 20]];
    for block in blocks.iter().cycle() {
        if taken >= OUTPUT_BYTES {
            break;
        }
        match write(&mut stream, block) {
            Ok(bytes) => taken += bytes,
            Err(_) => break,
        }
    }
    taken
}

fn write(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    stream.write_all(bytes)?;
    stream.flush()?;
    Ok(bytes.len())
}
