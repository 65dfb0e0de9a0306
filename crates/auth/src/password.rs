//! Which passwords are taken: length and guessability, no composition rules (NIST SP 800-63B-4 §3.1.1.2).

use karya_core::{Check, EmailAddress, Rule, Words};
use zxcvbn::Score;

pub const MIN: usize = 12;
pub const MAX: usize = 128;

/// zxcvbn takes time that grows faster than the text; what follows cannot make a password weaker.
const EXAMINED: usize = 64;

/// Words that come to mind here, of all places. Together with the owner's name and address they are worth nothing: what
/// is left without them must still be something.
const CONTEXT: &str =
    "karya ukm umkm indonesia rahasia katasandi sandi kata admin masuk usaha toko warung dagang";

/// How many characters that is.
const MIN_BESIDE_CONTEXT: usize = 8;

/// Words that passwords in Indonesia are made of and that zxcvbn's lists, which are English, do not know. One of them
/// is worth next to nothing; several unrelated ones are still a good password.
const COMMON: &str = "
    bismillah sayang cinta sayangku
    cintaku kamu aku sayangkamu akucintakamu akusayangkamu alhamdulillah insyaallah subhanallah
    astaghfirullah assalamualaikum muhammad allah ramadhan merdeka pancasila garuda nusantara merahputih
    jakarta bandung surabaya yogyakarta semarang medan makassar denpasar palembang bogor bekasi depok
    tangerang pekalongan persib persija arema bonek jakmania keluarga keluargaku bahagia selamanya selalu
    mama papa bunda ayah ibu bapak anak anakku istri suami sahabat teman budi agus siti dewi sari putri
    putra wati rahmat hidayat nugroho setiawan januari februari maret agustus oktober desember senin jumat
    satu satudua satuduatiga";

/// Of the passwords that leaked most often, those that are long enough; `data/README.md` says whose list it is.
const LEAKED: &str = include_str!("../data/leaked-passwords.txt");

const TOO_GUESSABLE: Rule = Rule::Other {
    code: "too_guessable",
    words: Words {
        id: "terlalu mudah ditebak; gabungkan beberapa kata yang tidak berkaitan",
        en: "is too easy to guess; put several unrelated words together",
    },
};

/// Checks a new password. Spaces count and nothing is cut off.
pub fn check(password: &str, email: &EmailAddress, display_name: &str) -> Result<(), Rule> {
    match password.chars().count() {
        0 => return Err(Rule::Required),
        n if n < MIN => return Err(Rule::TooShort { min: MIN }),
        n if n > MAX => return Err(Rule::TooLong { max: MAX }),
        _ => {}
    }
    if password.contains('\0') {
        return Err(Rule::ForbiddenCharacter);
    }
    let mut leaked = LEAKED.lines();
    if leaked.any(|leaked| leaked.eq_ignore_ascii_case(password)) {
        return Err(TOO_GUESSABLE);
    }
    let examined: String = password.chars().take(EXAMINED).collect();
    let local_part = email.as_str().split('@').next().unwrap_or_default();
    let mut context = vec![local_part];
    context.extend(display_name.split_whitespace());
    context.extend(CONTEXT.split_whitespace());
    if beside(password, &context) < MIN_BESIDE_CONTEXT {
        return Err(TOO_GUESSABLE);
    }
    context.extend(COMMON.split_whitespace());
    if zxcvbn::zxcvbn(&examined, &context).score() < Score::Three {
        Err(TOO_GUESSABLE)
    } else {
        Ok(())
    }
}

/// How many characters of a password are neither in these words nor spaces. Words of one or two letters are in too many
/// others to count.
fn beside(password: &str, words: &[&str]) -> usize {
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    words.retain(|word| word.chars().count() > 2);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(password.to_lowercase(), |rest, word| {
        rest.replace(word, " ")
    });
    rest.chars().filter(|c| !c.is_whitespace()).count()
}

/// Refuses what no password can be, before it is hashed.
pub(crate) fn check_given(check: &mut Check, pointer: &str, password: &str) {
    if password.chars().count() > MAX {
        check.fail(pointer, Rule::TooLong { max: MAX });
    }
}

#[cfg(test)]
mod tests {
    use karya_core::{EmailAddress, Rule};

    #[test]
    fn long_and_unusual_is_enough() {
        let email = EmailAddress::parse("sariwulandari@contoh.id").unwrap();
        let check = |password: &str| super::check(password, &email, "Sari Wulandari");
        for good in [
            "kain-lurik-tujuh-warna",
            "canting dan malam panas",
            &"batik rumput laut ".repeat(7),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("pendek"), Err(Rule::TooShort { min: 12 }));
        assert_eq!(check(&"ab cd".repeat(40)), Err(Rule::TooLong { max: 128 }));
        for guessable in [
            "password1234",
            "aaaaaaaaaaaaaaa",
            "qwertyuiop123",
            "sariwulandari",
            "indonesia1945",
            "rahasiarahasia",
            "cintaku12345",
            "akucintakamu",
            "bismillah2024",
            "persibbandung",
            "satuduatiga123",
        ] {
            assert_eq!(
                check(guessable).map_err(|rule| rule.code()),
                Err("too_guessable"),
                "{guessable}"
            );
        }
    }

    #[test]
    fn leaked_passwords_are_refused() {
        let email = EmailAddress::parse("sariwulandari@contoh.id").unwrap();
        let check = |password: &str| super::check(password, &email, "Sari Wulandari");
        assert_eq!(super::LEAKED.lines().count(), 308);
        for leaked in super::LEAKED.lines() {
            for typed in [leaked.to_owned(), leaked.to_uppercase()] {
                let refused = check(&typed).map_err(|rule| rule.code());
                assert_eq!(refused, Err("too_guessable"), "{typed}");
            }
        }
    }

    /// ASVS 6.1.2 and 6.2.11: docs/security.md lists the words, and each is worth nothing.
    #[test]
    fn words_of_the_context_are_worth_nothing() {
        let email = EmailAddress::parse("kedaitenun@contoh.id").unwrap();
        let document = include_str!("../../../docs/security.md");
        let words = [super::CONTEXT, super::COMMON].join(" ");
        for word in words.split_whitespace() {
            assert!(document.contains(word), "docs/security.md lacks {word}");
        }
        for typed in [
            "karyakaryakarya",
            "karyaumkm2026",
            "indonesiakarya",
            "adminkarya123",
            "kedaitenun2026",
            "kedaitenunkedaitenun",
            "sariwulandari99",
            "rahasiakarya1",
            "tokokaryaumkm",
        ] {
            let refused = super::check(typed, &email, "Sari Wulandari");
            assert_eq!(
                refused.map_err(|rule| rule.code()),
                Err("too_guessable"),
                "{typed}"
            );
        }
    }

    #[test]
    fn any_composition_is_taken_as_it_is_typed() {
        let email = EmailAddress::parse("sari@contoh.id").unwrap();
        for good in [
            "perahu kuning di teluk",
            "7302 9918 4471 0632 8855",
            "ꦏꦫꦺꦴꦤꦏꦸꦏꦪꦱꦩꦸ",
            "🛶🌋🪵🧵🎋🪷🦎🫚🥥🐚🪁🛖",
            "    perahu  kuning    ",
            &"tenun gringsing ".repeat(5),
        ] {
            assert_eq!(super::check(good, &email, "Sari"), Ok(()), "{good}");
        }
        const { assert!(super::MAX >= 64) };
    }
}
