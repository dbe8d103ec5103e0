//! Files that are written whole or not at all, by one at a time.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::folder_of;

/// A file that only the holder of this writes.
pub(super) struct Locked {
    file: PathBuf,
    /// Released when it is closed, also by a crash.
    _lock: File,
}

impl Locked {
    /// Waits until nobody else has `file`, which need not be there; its folder is made if
    /// it is missing. A link is followed: what it leads to is what is written.
    ///
    /// The lock is on a file beside it, which stays: `file` itself is another one after
    /// each write.
    pub(super) fn take(file: &Path) -> io::Result<Self> {
        let folder = folder_of(file);
        if !folder.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            sync_folder(&folder)?;
        }
        let name = file.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let file = match file.canonicalize() {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => folder.canonicalize()?.join(name),
            Err(err) => return Err(err),
        };
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let lock = options.open(beside(&file, "lock"))?;
        lock.lock()?;
        Ok(Self { file, _lock: lock })
    }

    /// Puts `bytes` in the place of what is in the file. A crash leaves the one or the
    /// other, and this is done when the disk has it.
    pub(super) fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.write_beside(bytes)?;
        std::fs::rename(new, &self.file)?;
        sync_folder(&self.file)
    }

    /// Makes the file with `bytes` in it, which is an error if there is one. A crash leaves
    /// none, or the whole.
    pub(super) fn make(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.write_beside(bytes)?;
        // Unlike a rename, a link does not replace what is there.
        let linked = std::fs::hard_link(&new, &self.file);
        std::fs::remove_file(new)?;
        linked?;
        sync_folder(&self.file)
    }

    fn write_beside(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let new = beside(&self.file, "new");
        // One that is there is from a crash: nobody else writes while this is locked.
        match std::fs::remove_file(&new) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => write_new(&new, bytes)?,
        }
        Ok(new)
    }
}

/// Makes `file`, closed to others, with `bytes` in it, and waits until the disk has it. It
/// is an error if it is there. A crash can leave a part of it.
pub(super) fn make(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_new(file, bytes)?;
    sync_folder(file)
}

fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder_of(file))?.sync_all()
}

/// `keyring.toml` and `lock` to `keyring.toml.lock`.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(file: &Path) -> u32 {
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_made_once_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("k.toml");
        let locked = Locked::take(&file).unwrap();
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        locked.make(b"one").unwrap();
        assert_eq!(mode(&file), 0o600);
        assert_eq!(locked.make(b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        // What a crash left is no obstacle, and not used.
        std::fs::write(beside(&file, "new"), "half a k").unwrap();
        locked.replace(b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(mode(&file), 0o600);
        assert!(!beside(&file, "new").exists());
        assert_eq!(mode(&beside(&file, "lock")), 0o600);
    }

    /// A reader sees the one or the other at every moment, which is what a crash would leave.
    #[test]
    fn no_reader_sees_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.toml");
        let (one, two) = (vec![b'1'; 100_000], vec![b'2'; 200_000]);
        let locked = Locked::take(&file).unwrap();
        locked.make(&one).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for at in 0..50 {
                    locked.replace(if at % 2 == 0 { &two } else { &one }).unwrap();
                }
            });
            while !writer.is_finished() {
                let seen = std::fs::read(&file).unwrap();
                assert!(seen == one || seen == two);
            }
        });
    }

    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        Locked::take(&file).unwrap().make(b"one").unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        Locked::take(&link).unwrap().replace(b"two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
    }
}
