//! A certificate authority of a test's own, and a server that trusts nobody else.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::RedisServer;

/// An authority, and certificates by it, in files.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// An authority, with a server's certificate for the loopback address and a client's.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Were its name that of what it certifies, this would look signed by itself.
        params.distinguished_name.push(DnType::CommonName, "authority");
        let ca = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        for (name, host) in [("server", "127.0.0.1"), ("client", "client")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([host.to_owned()]).unwrap();
            let cert = params.signed_by(&key, &issuer).unwrap();
            fs::write(folder.path().join(format!("{name}.pem")), cert.pem()).unwrap();
            fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        Self { folder }
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server that speaks TLS only, and only with those who have a certificate.
    pub fn server(&self, settings: &[&str]) -> RedisServer {
        let tls = self.settings();
        let tls: Vec<&str> =
            tls.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        RedisServer::tls(&tls)
    }

    /// The settings of such a server.
    pub(crate) fn settings(&self) -> Vec<String> {
        let files = [("cert", "server.pem"), ("key", "server.key"), ("ca-cert", "ca.pem")];
        let settings = files.map(|(setting, name)| {
            [format!("--tls-{setting}-file"), self.file(name).display().to_string()]
        });
        settings.concat()
    }

    /// What an address has to say of the files, for a server that trusts only these.
    pub fn query(&self) -> String {
        let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map(|name| self.file(name));
        format!("ca={}&cert={}&key={}", ca.display(), cert.display(), key.display())
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
