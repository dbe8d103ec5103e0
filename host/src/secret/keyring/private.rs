//! Files that nobody else can read: a keyring, keys, passphrases.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::Fault;

/// Largest file that is read, in bytes.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is in `file`, if that is a file of ours, or of root, that is closed to others.
///
/// What is looked at is the file that was opened, so that nobody changes one for another
/// between the look and the read.
pub(super) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let name = file.display();
    let unreadable = |err: io::Error| match err.kind() {
        io::ErrorKind::NotFound => {
            Fault::new(format!("{name} is not there; make it, or name another file"))
        }
        _ => Fault::new(format!("{name} cannot be read")).because(err),
    };
    // Without NONBLOCK a pipe of that name would be waited for.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(file);
    let opened: File = opened.map_err(unreadable)?;
    let meta = opened.metadata().map_err(unreadable)?;
    check(&meta, file)?;
    // With room for all of it, it is not moved, and so not left behind, as it grows.
    let room = usize::try_from(meta.len() + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Fault::new(format!("{name} has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn check(meta: &Metadata, file: &Path) -> Result<(), Fault> {
    let (name, uid, mode) = (file.display(), meta.uid(), meta.mode());
    let we = rustix::process::geteuid().as_raw();
    if !meta.is_file() {
        return Err(Fault::new(format!("{name} is not a file")));
    }
    if uid != we && uid != 0 {
        return Err(Fault::new(format!(
            "{name} is of user {uid}, who could change it; run this as that user, \
             or run `chown {we} {name}`"
        )));
    }
    if mode & 0o077 != 0 {
        return Err(Fault::new(format!(
            "others can get at {name} (its mode is {:04o}); run `chmod 600 {name}`",
            mode & 0o7777
        )));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(Fault::new(format!(
            "{name} has {} bytes; at most {FILE_BYTES_MAX} are read",
            meta.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn error(file: &Path) -> String {
        read(file).unwrap_err().in_file(Path::new("k.toml"), None).message
    }

    #[test]
    fn only_a_closed_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kek");
        std::fs::write(&file, "x").unwrap();
        for mode in [0o600, 0o400, 0o700] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(*read(&file).unwrap(), b"x");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let expected = format!("(its mode is {mode:04o}); run `chmod 600 {}`", file.display());
            assert!(error(&file).contains(&expected), "{}", error(&file));
        }
        // A link is followed, and the file that it leads to is what counts.
        let link = folder.path().join("link");
        symlink(&file, &link).unwrap();
        assert!(error(&link).contains("chmod 600"));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(*read(&link).unwrap(), b"x");
    }

    #[test]
    fn only_a_small_file_of_ours_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(error(folder.path()).contains("is not a file"));
        assert!(error(Path::new("/dev/null")).contains("is not a file"));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert!(error(&pipe).contains("is not a file"));
        assert!(error(&folder.path().join("none")).contains("is not there; make it"));

        let file = folder.path().join("kek");
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
        made.set_len(FILE_BYTES_MAX).unwrap();
        assert_eq!(read(&file).unwrap().len() as u64, FILE_BYTES_MAX);
        made.set_len(FILE_BYTES_MAX + 1).unwrap();
        assert!(error(&file).contains("at most 1048576 are read"));
        // Only root can give a file away.
        made.set_len(1).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(4242), None).unwrap();
            assert!(error(&file).contains("is of user 4242"), "{}", error(&file));
        }
    }
}
