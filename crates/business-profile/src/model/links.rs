use karya_core::{Check, PhoneNumber, Rule, Words};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use utoipa::ToSchema;

const WEBSITE: Rule = Rule::Format(Words {
    id: "harus alamat web umum, contoh: https://batiksari.id",
    en: "must be a public web address, such as https://batiksari.id",
});
const HANDLE: Rule = Rule::Format(Words {
    id: "harus nama akun, contoh: @batiksari, atau tautan ke akun itu",
    en: "must be an account name, such as @batiksari, or a link to the account",
});

/// Accounts on other platforms: names without `@`, and a telephone number for WhatsApp.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SocialLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "batiksari")]
    pub facebook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "batiksari")]
    pub instagram: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "batiksari")]
    pub x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "batiksari")]
    pub tiktok: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 32, example = "+6281234567890")]
    pub whatsapp: Option<String>,
}

impl SocialLinks {
    /// Brings names, `@names` and links to one form.
    pub fn parse(self, check: &mut Check) -> Option<Self> {
        let mut account = |platform: &str, raw: Option<String>, hosts: &[&str]| {
            check.optional(format!("/social_links/{platform}"), raw, |raw| {
                handle(&raw, hosts)
            })
        };
        let facebook = account("facebook", self.facebook, &["facebook.com", "fb.com"]);
        let instagram = account("instagram", self.instagram, &["instagram.com"]);
        let x = account("x", self.x, &["x.com", "twitter.com"]);
        let tiktok = account("tiktok", self.tiktok, &["tiktok.com"]);
        let whatsapp = check.optional("/social_links/whatsapp", self.whatsapp, |raw| {
            PhoneNumber::parse(&raw).map(|phone| phone.as_str().to_owned())
        });
        Some(Self {
            facebook: facebook?,
            instagram: instagram?,
            x: x?,
            tiktok: tiktok?,
            whatsapp: whatsapp?,
        })
    }
}

fn handle(raw: &str, hosts: &[&str]) -> Result<String, Rule> {
    let raw = raw.trim();
    let name = if raw.starts_with("https://") || raw.starts_with("http://") {
        let url = Url::parse(raw).map_err(|_invalid| HANDLE)?;
        let host = url
            .host_str()
            .unwrap_or_default()
            .trim_start_matches("www.")
            .trim_start_matches("m.")
            .to_owned();
        if !hosts.contains(&host.as_str()) {
            return Err(HANDLE);
        }
        url.path().trim_matches('/').to_owned()
    } else {
        raw.to_owned()
    };
    let name = name.trim_start_matches('@');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=80).contains(&name.len()) && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err(HANDLE)
    }
}

/// A public web address: no scripts, no credentials, nothing on a private network.
pub fn website(raw: &str) -> Result<String, Rule> {
    let raw = raw.trim();
    if raw.len() > 300 {
        return Err(Rule::TooLong { max: 300 });
    }
    if raw
        .chars()
        .any(|c| karya_core::text::is_forbidden(c) || c.is_whitespace())
    {
        return Err(WEBSITE);
    }
    let url = Url::parse(raw).map_err(|_invalid| WEBSITE)?;
    let public = match url.host() {
        Some(Host::Domain(domain)) => {
            let local = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
            domain.contains('.')
                && !domain.ends_with('.')
                && !local.iter().any(|suffix| domain.ends_with(suffix))
        }
        _ => false,
    };
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none();
    if public && plain && url.as_str().len() <= 300 {
        Ok(url.into())
    } else {
        Err(WEBSITE)
    }
}

#[cfg(test)]
mod tests {
    use super::{handle, website};

    #[test]
    fn only_public_websites() {
        assert_eq!(
            website("https://BatikSari.id"),
            Ok("https://batiksari.id/".to_owned())
        );
        for bad in [
            "",
            "batiksari.id",
            "javascript:alert(1)",
            "https://user:pw@batiksari.id",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://localhost/",
            "http://shop.local/",
            "https://a b.id",
            "ftp://batiksari.id",
            "http://2130706433/",
            "https://batiksari.id/\u{202e}",
            "https:///x",
            "data:text/html,x",
        ] {
            assert!(website(bad).is_err(), "{bad}");
        }
        assert!(website(&format!("https://batiksari.id/{}", "a".repeat(300))).is_err());
    }

    #[test]
    fn one_form_for_all_accounts() {
        for raw in [
            "batiksari",
            "@batiksari",
            "https://www.instagram.com/batiksari/",
            "https://instagram.com/@batiksari",
        ] {
            assert_eq!(
                handle(raw, &["instagram.com"]),
                Ok("batiksari".to_owned()),
                "{raw}"
            );
        }
        for bad in [
            "",
            "@",
            "batik sari",
            "https://evil.example/batiksari",
            "a/b",
            "<script>",
            &"a".repeat(81),
        ] {
            assert!(handle(bad, &["instagram.com"]).is_err(), "{bad}");
        }
    }
}
