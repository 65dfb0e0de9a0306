//! The demo: accounts, a mentor and businesses that are the same on every machine. For development only.

use std::path::Path;

use karya_auth::ops::NewVerifiedUser;
use karya_core::role::Role;
use karya_core::{EmailAddress, MasterKey, Random, Text, UserId};

use crate::state::Parts;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The password of every demo account.
pub const PASSWORD: &str = "kain-lurik-tujuh-warna";

/// A demo account.
pub struct Account {
    /// What `karya token` calls it.
    pub label: &'static str,
    pub email: &'static str,
    pub name: &'static str,
    pub role: Option<Role>,
}

/// One account for each thing one can be.
pub const ACCOUNTS: [Account; 7] = [
    Account {
        label: "owner",
        email: "sari@demo.karya.test",
        name: "Sari Wulandari",
        role: None,
    },
    Account {
        label: "buyer",
        email: "budi@demo.karya.test",
        name: "Budi Santoso",
        role: None,
    },
    Account {
        label: "mentor",
        email: "made@demo.karya.test",
        name: "Made Suartika",
        role: Some(Role::Mentor),
    },
    Account {
        label: "verifier",
        email: "rina@demo.karya.test",
        name: "Rina Hapsari",
        role: Some(Role::Verifier),
    },
    Account {
        label: "moderator",
        email: "yosef@demo.karya.test",
        name: "Yosef Rumbiak",
        role: Some(Role::Moderator),
    },
    Account {
        label: "alert_operator",
        email: "dewi@demo.karya.test",
        name: "Dewi Kartika",
        role: Some(Role::AlertOperator),
    },
    Account {
        label: "admin",
        email: "admin@demo.karya.test",
        name: "Admin Demo",
        role: Some(Role::Admin),
    },
];

/// What the seed left behind.
pub struct Seeded {
    pub accounts: usize,
    pub businesses: usize,
}

/// Makes the demo accounts, the mentor and the businesses; what is there already stays.
pub async fn seed(parts: &Parts) -> Result<Seeded, Failure> {
    let mut owner = None;
    for account in &ACCOUNTS {
        let id = ensure(parts, account).await?;
        owner = owner.or(Some(id));
        if account.label == "mentor" {
            let mut conn = parts.db.conn().await?;
            karya_mentoring_booking::seed_demo(&mut conn, parts.clock.now(), id).await?;
        }
    }
    let owner = owner.ok_or("there is no demo owner")?;
    let mut conn = parts.db.conn().await?;
    let businesses =
        karya_business_profile::seed_demo(&mut conn, parts.clock.now(), &parts.master_key, owner)
            .await?;
    Ok(Seeded {
        accounts: ACCOUNTS.len(),
        businesses,
    })
}

async fn ensure(parts: &Parts, account: &Account) -> Result<UserId, Failure> {
    let refused = |rule: karya_core::Rule| format!("demo account {}: {rule:?}", account.label);
    let email = EmailAddress::parse(account.email).map_err(refused)?;
    let display_name = Text::line(account.name, 1, 100).map_err(refused)?;
    let mut conn = parts.db.conn().await?;
    if let Some(existing) = karya_auth::queries::find_verified(&conn, &email).await? {
        return Ok(existing);
    }
    let hash = parts.passwords.hash(PASSWORD).await?;
    let user = NewVerifiedUser {
        email,
        display_name,
        roles: account.role.into_iter().collect(),
        is_demo: true,
    };
    Ok(karya_auth::ops::create_verified_user(&mut conn, parts.clock.now(), user, hash).await?)
}

/// A fresh access token of a demo account.
pub async fn access_token(parts: &Parts, account: &Account) -> Result<String, Failure> {
    let email = EmailAddress::parse(account.email).map_err(|rule| format!("{rule:?}"))?;
    let mut conn = parts.db.conn().await?;
    let user = karya_auth::queries::find_verified(&conn, &email).await?;
    let user = user.ok_or("the demo accounts are not there: run `karya seed demo`")?;
    let now = parts.clock.now();
    Ok(karya_auth::ops::demo_token(
        &mut conn,
        now,
        &parts.random,
        &parts.issuer,
        &parts.auth,
        user,
    )
    .await?)
}

/// The master key of a development checkout, made at first use and kept in its private folder.
pub fn development_key(folder: &Path) -> Result<String, Failure> {
    use base64::Engine;
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let path = folder.join("master.key");
    if let Ok(key) = std::fs::read_to_string(&path) {
        MasterKey::from_base64(&key).map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(key.trim().to_owned());
    }
    std::fs::create_dir_all(folder)?;
    let key = base64::engine::general_purpose::STANDARD.encode(Random::System.bytes());
    match std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
    {
        Ok(mut file) => file.write_all(key.as_bytes())?,
        // Another process was faster: its key is the one.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return development_key(folder);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(key)
}
