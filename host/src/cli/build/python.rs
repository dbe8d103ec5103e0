use super::project::Project;
pub(super) fn build(_: &Project) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
