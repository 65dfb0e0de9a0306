use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;

use super::Config;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration: {0}")]
    Invalid(Box<figment::Error>),
    #[error("configuration: cannot read {path}: {reason}")]
    SecretFile {
        path: PathBuf,
        reason: std::io::Error,
    },
    #[error("configuration: --set takes section.key=value, not {0:?}")]
    Assignment(String),
    #[error("configuration: {0} does not exist")]
    NoFile(PathBuf),
}

/// Where the configuration is taken from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`; without it, `karya.toml` if there is one.
    pub file: Option<PathBuf>,
    /// `--set section.key=value`.
    pub assignments: Vec<String>,
    /// Defaults of the command, such as those of `karya dev`.
    pub command_defaults: Vec<(&'static str, String)>,
}

/// One effective value and where it came from.
#[derive(Debug)]
pub struct Origin {
    pub key: String,
    /// Secrets are masked.
    pub value: String,
    pub origin: String,
}

impl Sources {
    fn figment(&self) -> Result<Figment, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        for (key, value) in &self.command_defaults {
            figment = figment.merge(("command default", *key, value.as_str()).into_provider());
        }
        let file = match &self.file {
            Some(path) if !path.exists() => return Err(ConfigError::NoFile(path.clone())),
            Some(path) => path.as_path(),
            None => Path::new("karya.toml"),
        };
        if file.exists() {
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(Env::prefixed("KARYA__").split("__"));
        for assignment in &self.assignments {
            let (key, value) = assignment
                .split_once('=')
                .ok_or_else(|| ConfigError::Assignment(assignment.clone()))?;
            figment = figment.merge(("--set", key, value).into_provider());
        }
        Ok(figment)
    }

    /// The effective configuration, secrets read from their files.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut config: Config = self
            .figment()?
            .extract()
            .map_err(|error| ConfigError::Invalid(Box::new(error)))?;
        let secrets = [
            (&config.database.url_file, &mut config.database.url),
            (
                &config.secrets.master_key_file,
                &mut config.secrets.master_key,
            ),
            (
                &config.secrets.password_pepper_file,
                &mut config.secrets.password_pepper,
            ),
            (&config.captcha.secret_file, &mut config.captcha.secret),
            (&config.mail.password_file, &mut config.mail.password),
            (
                &config.messages.whatsapp_token_file,
                &mut config.messages.whatsapp_token,
            ),
            (
                &config.social.facebook.app_secret_file,
                &mut config.social.facebook.app_secret,
            ),
            (
                &config.social.x.client_secret_file,
                &mut config.social.x.client_secret,
            ),
        ];
        for (file, value) in secrets {
            // An empty path, as a variable that is not set leaves it, is none.
            if let Some(path) = file.as_ref().filter(|path| !path.as_os_str().is_empty()) {
                let text =
                    std::fs::read_to_string(path).map_err(|reason| ConfigError::SecretFile {
                        path: path.clone(),
                        reason,
                    })?;
                text.trim_end().clone_into(value);
            }
        }
        config
            .server
            .public_url
            .truncate(config.server.public_url.trim_end_matches('/').len());
        Ok(config)
    }

    /// Every value with its origin, for `karya config show`.
    pub fn origins(&self) -> Result<Vec<Origin>, ConfigError> {
        let figment = self.figment()?;
        let invalid = |error| ConfigError::Invalid(Box::new(error));
        figment.extract::<Config>().map_err(invalid)?;
        let mut origins = Vec::new();
        for section in [
            "apps",
            "auth",
            "captcha",
            "database",
            "log",
            "mail",
            "messages",
            "rate_limit",
            "secrets",
            "server",
            "social.google",
            "social.apple",
            "social.facebook",
            "social.x",
            "storage",
            "worker",
        ] {
            let values: figment::value::Dict = figment.extract_inner(section).map_err(invalid)?;
            for (name, value) in values {
                let key = format!("{section}.{name}");
                let origin = figment
                    .find_metadata(&key)
                    .map_or_else(|| "default".to_owned(), |metadata| describe(metadata, &key));
                origins.push(Origin {
                    value: masked(&key, &value),
                    key,
                    origin,
                });
            }
        }
        Ok(origins)
    }
}

fn describe(metadata: &figment::Metadata, key: &str) -> String {
    if metadata.name.contains("Config") || metadata.name.contains("crates") {
        return "default".to_owned();
    }
    match (&metadata.source, metadata.name.contains("environment")) {
        (Some(figment::Source::File(path)), _) => path.display().to_string(),
        (_, true) => format!(
            "environment KARYA__{}",
            key.replace('.', "__").to_uppercase()
        ),
        _ => metadata.name.to_string(),
    }
}

fn masked(key: &str, value: &Value) -> String {
    let text = match value {
        Value::String(_, text) => text.clone(),
        Value::Empty(..) => return String::new(),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    match key {
        "secrets.master_key"
        | "secrets.password_pepper"
        | "secrets.previous_password_peppers"
        | "captcha.secret"
        | "mail.password"
        | "messages.whatsapp_token"
        | "social.facebook.app_secret"
        | "social.x.client_secret"
            if !text.is_empty() =>
        {
            "********".to_owned()
        }
        "database.url" => text
            .split_once('@')
            .map_or(text.clone(), |(_, host)| format!("postgres://****@{host}")),
        _ => text,
    }
}

/// A single value with a name for its origin.
struct Named {
    origin: &'static str,
    key: String,
    value: Value,
}

trait IntoProvider {
    fn into_provider(self) -> Named;
}

impl IntoProvider for (&'static str, &str, &str) {
    fn into_provider(self) -> Named {
        // As in the environment: `8`, `true` and `["a"]` are not text.
        let value = self.2.parse().unwrap_or_else(|_never| Value::from(self.2));
        Named {
            origin: self.0,
            key: self.1.to_owned(),
            value,
        }
    }
}

impl figment::Provider for Named {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.origin)
    }

    fn data(&self) -> figment::Result<figment::value::Map<figment::Profile, figment::value::Dict>> {
        let dict = figment::util::nest(&self.key, self.value.clone())
            .into_dict()
            .unwrap_or_default();
        Ok(figment::value::Map::from([(
            figment::Profile::default(),
            dict,
        )]))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Sources;

    fn sources(toml: &str, assignments: &[&str]) -> (tempfile::NamedTempFile, Sources) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(toml.as_bytes()).unwrap();
        let sources = Sources {
            file: Some(file.path().to_owned()),
            assignments: assignments.iter().map(|text| (*text).to_owned()).collect(),
            command_defaults: vec![
                ("server.drain_seconds", "0".into()),
                ("log.format", "pretty".into()),
            ],
        };
        (file, sources)
    }

    #[test]
    fn the_later_source_is_the_stronger() {
        let (file, sources) = sources(
            "[server]\nbind = \"0.0.0.0:81\"\ndrain_seconds = 7\n",
            &[
                "server.bind=0.0.0.0:82",
                "server.cors_origins=[\"https://a.id\"]",
            ],
        );
        let config = sources.load().unwrap();
        assert_eq!(
            (
                config.server.bind.port(),
                config.server.drain_seconds,
                config.server.shutdown_seconds
            ),
            (82, 7, 20)
        );
        assert_eq!(config.server.cors_origins, ["https://a.id"]);
        let origin = |key: &str| {
            let origins = sources.origins().unwrap();
            origins
                .into_iter()
                .find(|origin| origin.key == key)
                .unwrap()
                .origin
        };
        assert_eq!(origin("server.bind"), "--set");
        assert!(
            origin("server.drain_seconds")
                .ends_with(file.path().file_name().unwrap().to_str().unwrap())
        );
        assert_eq!(origin("log.format"), "command default");
        assert_eq!(origin("server.shutdown_seconds"), "default");
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for (toml, assignments) in [
            ("[server]\nbnid = 1\n", vec![]),
            ("[sever]\n", vec![]),
            ("", vec!["server.bind"]),
            ("", vec!["server.bnid=1"]),
            ("", vec!["server.bind=nowhere"]),
            ("[server]\nworkers = \"many\"\n", vec![]),
        ] {
            let (_file, sources) = sources(toml, &assignments);
            assert!(sources.load().is_err(), "{toml} {assignments:?}");
        }
        assert!(
            Sources {
                file: Some("/not/there.toml".into()),
                ..Sources::default()
            }
            .load()
            .is_err()
        );
    }

    #[test]
    fn secrets_come_from_files_and_are_masked() {
        let mut secret = tempfile::NamedTempFile::new().unwrap();
        secret
            .write_all(b"aGFsbyBkdW5pYSBpbmkga3VuY2kgcmFoYXNpYSBzYXk=\n")
            .unwrap();
        let toml = format!(
            "[secrets]\nmaster_key_file = {:?}\n[database]\nurl = \"postgres://karya:rahasia@db/karya\"\n",
            secret.path()
        );
        let (_file, sources) = sources(&toml, &[]);
        let config = sources.load().unwrap();
        assert_eq!(
            config.secrets.master_key,
            "aGFsbyBkdW5pYSBpbmkga3VuY2kgcmFoYXNpYSBzYXk="
        );
        let (_file, unset) = self::sources(&toml, &["mail.password_file="]);
        assert_eq!(unset.load().unwrap().mail.password, "");
        let facebook = [
            "social.facebook.app_id=1234567890",
            "social.facebook.app_secret=rahasia",
        ];
        let (_file, facebook) = self::sources(&toml, &facebook);
        assert_eq!(
            facebook.load().unwrap().social.facebook.app_id,
            "1234567890"
        );
        assert!(
            facebook
                .origins()
                .unwrap()
                .iter()
                .all(|origin| !origin.value.contains("rahasia"))
        );
        let shown: String = sources
            .origins()
            .unwrap()
            .iter()
            .map(|origin| origin.value.clone())
            .collect();
        assert!(
            !shown.contains("rahasia") && shown.contains("postgres://****@db/karya"),
            "{shown}"
        );
    }

    #[test]
    fn production_refuses_defaults_and_says_what_to_set() {
        let (_file, sources) = sources("", &[]);
        let refused = sources
            .load()
            .unwrap()
            .check_production()
            .unwrap_err()
            .to_string();
        for key in [
            "database.url",
            "secrets.master_key",
            "mail.transport",
            "mail.from_address",
            "storage.url",
        ] {
            assert!(refused.contains(key), "{refused}");
        }
        let fit = [
            "database.url=postgres://karya@db/karya",
            "secrets.master_key=aGFsbyBkdW5pYSBpbmkga3VuY2kgcmFoYXNpYSBzYXk=",
            "server.public_url=https://api.contoh.id/",
            "mail.transport=smtp",
            "mail.host=smtp.contoh.id",
            "mail.from_address=halo@contoh.id",
            "storage.url=/var/lib/karya",
        ];
        let check = |more: &[&str]| {
            let (_file, sources) = self::sources("", &[fit.as_slice(), more].concat());
            sources.load().unwrap().check_production()
        };
        check(&[]).unwrap();
        for bad in [
            "secrets.master_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "secrets.master_key=short",
            "secrets.password_pepper=c2hvcnQ=",
            "secrets.previous_password_peppers=[\"c2hvcnQ=\"]",
            "server.public_url=http://api.contoh.id",
            "server.cors_origins=[\"*\"]",
            "mail.tls=none",
            "database.url=",
            "storage.url=.karya/storage",
            "storage.url=/tmp/karya",
            "storage.url=s3://karya",
            "social.facebook.app_secret=rahasia",
            "social.x.client_id=klien",
        ] {
            assert!(check(&[bad]).is_err(), "{bad}");
        }
    }
}
