//! Stub.
use super::RunId;
use super::control::*;
use super::log::Event;
use super::store::*;
use crate::digest::Digest;
use crate::grant::Scope;
/// Stub.
#[derive(Debug)]
pub struct SqliteStore {
    file: crate::sqlite::Sqlite,
}
impl SqliteStore {
    pub(super) fn file(&self) -> &crate::sqlite::Sqlite {
        &self.file
    }
    /// Workflows in `file`, which was opened at `url`.
    pub(crate) async fn open(
        file: crate::sqlite::Sqlite,
        _url: &str,
    ) -> Result<Self, crate::services::OpenError> {
        Ok(Self { file })
    }
}
impl Store for SqliteStore {
    async fn start(&self, _: &Scope, _: &[NewRun]) -> Result<Vec<Started>, StoreError> {
        unreachable!()
    }
    async fn take(&self, _: &Scope, _: u8, _: &Take<'_>) -> Result<Taken, StoreError> {
        unreachable!()
    }
    async fn write(&self, _: &Scope, _: &Lease, _: &Write<'_>) -> Result<Written, StoreError> {
        unreachable!()
    }
    async fn settle(&self, _: &Scope, _: &Lease, _: &Event) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn renew(&self, _: &Scope, _: u8, _: &[Lease], _: u64) -> Result<Vec<bool>, StoreError> {
        unreachable!()
    }
    async fn set_state(&self, _: &Scope, _: &Lease, _: &str, _: &str) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn state(&self, _: &Scope, _: &RunId, _: &str) -> Result<Option<String>, StoreError> {
        unreachable!()
    }
    async fn register(&self, _: &Scope, _: &[Served]) -> Result<(), StoreError> {
        unreachable!()
    }
}
impl Control for SqliteStore {
    async fn send(
        &self,
        _: &Scope,
        _: &RunId,
        _: Option<&str>,
        _: &Input,
    ) -> Result<Sent, StoreError> {
        unreachable!()
    }
    async fn get(&self, _: &Scope, _: &[RunId]) -> Result<Vec<Option<Snapshot>>, StoreError> {
        unreachable!()
    }
    async fn history(
        &self,
        _: &Scope,
        _: &RunId,
        _: u32,
        _: u32,
    ) -> Result<Vec<String>, StoreError> {
        unreachable!()
    }
    async fn list(&self, _: &Scope, _: &List<'_>, _: u32) -> Result<Page, StoreError> {
        unreachable!()
    }
    async fn delete(&self, _: &Scope, _: &RunId, _: Option<&str>) -> Result<bool, StoreError> {
        unreachable!()
    }
    async fn versions(&self, _: &Scope) -> Result<Vec<Version>, StoreError> {
        unreachable!()
    }
    async fn set_version(
        &self,
        _: &Scope,
        _: &str,
        _: Digest,
        _: VersionStatus,
    ) -> Result<bool, StoreError> {
        unreachable!()
    }
    async fn schedule(&self, _: &Scope, _: &Reschedule<'_>) -> Result<Scheduled, StoreError> {
        unreachable!()
    }
}
