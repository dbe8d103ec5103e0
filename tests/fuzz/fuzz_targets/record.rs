//! A record as a store keeps it, of any bytes: its parser neither fails nor takes for one
//! what it would not write itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satama::secret::Wrap;
use satama::secret::record::is_well_formed;

fuzz_target!(|parts: (&[u8], &[u8])| {
    let (wrap, value) = parts;
    let parsed = Wrap::parse(wrap);
    if let Some(parsed) = &parsed {
        // Two texts of one key would be two keys to what bars and counts them.
        assert_eq!(parsed.bytes(), wrap);
        assert_eq!(Wrap::parse(&parsed.bytes()).as_ref(), Some(parsed));
    }
    if is_well_formed(wrap, value) {
        assert!(parsed.is_some() && value.len() > 80 && value[0] == 1);
    }
});
