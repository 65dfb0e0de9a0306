use chrono::NaiveDate;

use super::qr;
use super::text::{clean, printable};
use super::words::Words;
use super::{Certificate, CertificateError, Role, certificate, is_printable};
use karya_core::Lang;

const URL: &str = "https://karya.example/v1/certificate-verifications/KRY-7F3K-9Q2M";

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn sample(holder: &str) -> Certificate {
    Certificate {
        holder: holder.to_owned(),
        role: Role::Mentee,
        minutes: 750,
        sessions: 9,
        themes: vec![
            "Kuliner".to_owned(),
            "Kriya".to_owned(),
            "Desain Komunikasi Visual".to_owned(),
        ],
        from: day(2026, 1, 3),
        to: day(2026, 3, 28),
        code: "KRY-7F3K-9Q2M".to_owned(),
        verification_url: URL.to_owned(),
        issued_on: day(2026, 4, 5),
    }
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack
        .windows(needle.len())
        .filter(|window| window == &needle)
        .count()
}

#[test]
fn one_page_and_the_same_bytes_each_time() {
    for lang in [Lang::Id, Lang::En] {
        let pdf = certificate(&sample("Ni Luh Putu Ayu Wulandari"), lang).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(count(&pdf, b"/Type /Page\n"), 1);
        assert_eq!(count(&pdf, b"/Count 1\n"), 1);
        assert_eq!(count(&pdf, b"/FontFile2"), 2);
        assert!(pdf.len() < 40_000, "{}", pdf.len());
        assert_eq!(
            pdf,
            certificate(&sample("Ni Luh Putu Ayu Wulandari"), lang).unwrap()
        );
    }
}

#[test]
fn no_name_breaks_it() {
    for name in [
        String::new(),
        "\0\u{1}\u{7f}\r\n\t".to_owned(),
        "Budi\u{202e}rotneM\u{2066}\u{200b}\u{feff}".to_owned(),
        "Wati ".repeat(40),
        "W".repeat(200),
        "字".repeat(200),
        "e\u{301}\u{302}\u{303}\u{304}".repeat(1000),
        "\u{301}\u{202e}👩🏽‍🎨\u{e0041}\u{10ffff}".to_owned(),
        "(\\) endstream endobj %%EOF".to_owned(),
    ] {
        let mut hostile = sample(&name);
        hostile.themes = vec![name.clone(); 9];
        hostile.code.clone_from(&name);
        hostile.minutes = u32::MAX;
        hostile.sessions = u32::MAX;
        (hostile.from, hostile.to) = (NaiveDate::MAX, NaiveDate::MIN);
        hostile.issued_on = NaiveDate::MIN;
        let pdf = certificate(&hostile, Lang::Id).unwrap();
        assert_eq!(count(&pdf, b"/Type /Page\n"), 1, "{name:?}");

        hostile.themes.clear();
        assert!(certificate(&hostile, Lang::En).is_ok(), "{name:?}");
    }
}

#[test]
fn an_endless_url_is_refused() {
    let mut endless = sample("Sri");
    endless.verification_url = "x".repeat(2331);
    assert!(certificate(&endless, Lang::Id).is_ok());
    endless.verification_url.push('x');
    assert!(matches!(
        certificate(&endless, Lang::Id),
        Err(CertificateError::Url(_))
    ));
}

#[test]
fn the_code_reads_as_the_url() {
    for url in [URL, "", "https://karya.example/é?a=b&c=日本"] {
        let matrix = qr::matrix(url).unwrap();
        let mut dark = vec![false; matrix.width * matrix.width];
        for (row, column, length) in matrix.runs() {
            dark[row * matrix.width + column..][..length].fill(true);
        }
        let grid = rqrr::SimpleGrid::from_func(matrix.width, |x, y| dark[y * matrix.width + x]);
        let (_, read) = rqrr::Grid::new(grid).decode().unwrap();
        assert_eq!(read, url);
    }
}

#[test]
fn texts_become_one_clean_line() {
    for (text, expected) in [
        ("  Sri \t\r\n Rahayu ", "Sri Rahayu"),
        ("Re\u{301}ne\u{301}", "Réné"),
        ("Budi\u{202e}\u{200d}\0Santoso", "Budi Santoso"),
        ("\u{2067}Ani\u{2069}", "Ani"),
        ("e\u{323}\u{301}\u{302}\u{303}\u{304}", "ẹ\u{301}\u{302}"),
    ] {
        assert_eq!(clean(text), expected, "{text:?}");
    }
    assert_eq!(clean(&"a".repeat(5000)).len(), 400);
}

#[test]
fn other_scripts_are_known_beforehand() {
    for (name, shown, all) in [
        (
            "Jörg Ćirić-Nguyễn Thị Hằng",
            "Jörg Ćirić-Nguyễn Thị Hằng",
            true,
        ),
        ("Дмитро Ґава", "Дмитро Ґава", true),
        ("𝓐𝓷𝓲 Ｂｕｄｉ ﬁ", "Ani Budi fi", false),
        ("陳 Susanti", "? Susanti", false),
        ("Ani 🌸 Wati ☺️", "Ani Wati", false),
        ("", "", false),
    ] {
        let sans = super::font::sans().unwrap();
        assert_eq!(printable(&clean(name), |c| sans.covers(c)), shown);
        assert_eq!(is_printable(name), all, "{name}");
    }
}

#[test]
fn both_fonts_have_the_letters_that_are_asked_about() {
    let (sans, serif) = (super::font::sans().unwrap(), super::font::serif().unwrap());
    for c in '\0'..='\u{ffff}' {
        assert_eq!(sans.covers(c), serif.covers(c), "{c:?}");
    }
}

#[test]
fn hours_and_dates_in_words() {
    let (id, en) = (Words::of(Lang::Id), Words::of(Lang::En));
    for (minutes, in_id, in_en) in [
        (0, "0 menit", "0 minutes"),
        (45, "45 menit", "45 minutes"),
        (60, "1 jam", "1 hour"),
        (750, "12 jam 30 menit", "12 hours 30 minutes"),
        (121, "2 jam 1 menit", "2 hours 1 minute"),
    ] {
        assert_eq!(id.duration(minutes), in_id);
        assert_eq!(en.duration(minutes), in_en);
    }
    for (from, to, in_id, in_en) in [
        (
            day(2026, 8, 17),
            day(2026, 8, 17),
            "17 Agustus 2026",
            "17 August 2026",
        ),
        (
            day(2026, 1, 3),
            day(2026, 3, 28),
            "3 Januari – 28 Maret 2026",
            "3 January – 28 March 2026",
        ),
        (
            day(2025, 12, 1),
            day(2026, 5, 2),
            "1 Desember 2025 – 2 Mei 2026",
            "1 December 2025 – 2 May 2026",
        ),
    ] {
        assert_eq!(id.period(from, to), in_id);
        assert_eq!(en.period(from, to), in_en);
    }
}
