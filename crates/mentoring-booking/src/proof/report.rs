//! The report of mentoring hours, as CSV and as an Excel workbook.

use chrono::{DateTime, NaiveDate, Utc};
use rust_xlsxwriter::{DocProperties, Format, FormatBorder, Formula, Workbook, XlsxError};

use karya_core::Lang;

/// Excel holds 32,767 characters in a cell.
const MAX_CHARS: usize = 32_000;
const BOM: &str = "\u{feff}";
const MINUTES: u16 = 6;
const WIDTHS: [f64; 8] = [12.0, 28.0, 28.0, 28.0, 22.0, 14.0, 10.0, 16.0];

/// A session of the report, with its texts in the language of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursRow {
    pub date: NaiveDate,
    pub mentor: String,
    pub mentee: String,
    pub business: Option<String>,
    pub subsector: Option<String>,
    pub mode: String,
    pub minutes: u32,
    pub status: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be written")]
pub struct ReportError(#[from] XlsxError);

struct Words {
    sheet: &'static str,
    total: &'static str,
    header: [&'static str; 8],
}

const fn words(lang: Lang) -> Words {
    match lang {
        Lang::Id => Words {
            sheet: "Jam pendampingan",
            total: "Jumlah",
            header: [
                "Tanggal",
                "Mentor",
                "Mentee",
                "Usaha",
                "Subsektor",
                "Moda",
                "Menit",
                "Status",
            ],
        },
        Lang::En => Words {
            sheet: "Mentoring hours",
            total: "Total",
            header: [
                "Date",
                "Mentor",
                "Mentee",
                "Business",
                "Subsector",
                "Mode",
                "Minutes",
                "Status",
            ],
        },
    }
}

impl HoursRow {
    /// The texts by column.
    fn texts(&self) -> [(u16, &str); 6] {
        [
            (1, &self.mentor),
            (2, &self.mentee),
            (3, self.business.as_deref().unwrap_or_default()),
            (4, self.subsector.as_deref().unwrap_or_default()),
            (5, &self.mode),
            (7, &self.status),
        ]
    }
}

/// RFC 4180 with a byte order mark, by which Excel knows UTF-8. A text that a spreadsheet could take for a formula gets
/// an apostrophe in front (OWASP, CSV injection).
#[must_use]
pub fn csv(rows: &[HoursRow], lang: Lang) -> Vec<u8> {
    let mut file = String::from(BOM);
    file.push_str(&words(lang).header.join(","));
    file.push_str("\r\n");
    for row in rows {
        let [mentor, mentee, business, subsector, mode, status] =
            row.texts().map(|(_, text)| cell(text));
        let (date, minutes) = (row.date.to_string(), row.minutes.to_string());
        let cells = [
            &date, &mentor, &mentee, &business, &subsector, &mode, &minutes, &status,
        ];
        file.push_str(&cells.map(String::as_str).join(","));
        file.push_str("\r\n");
    }
    file.into_bytes()
}

/// A workbook of one sheet with real dates and numbers, a frozen header and the sum of the minutes. Texts are texts,
/// whatever they start with. `created` is all that the file says about time.
pub fn xlsx(rows: &[HoursRow], lang: Lang, created: DateTime<Utc>) -> Result<Vec<u8>, ReportError> {
    let words = words(lang);
    let bold = Format::new().set_bold();
    let header = bold.clone().set_border_bottom(FormatBorder::Thin);
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let total = bold
        .clone()
        .set_border_top(FormatBorder::Thin)
        .set_num_format("#,##0");

    let mut book = Workbook::new();
    let properties = DocProperties::new()
        .set_author("Karya")
        .set_title(words.sheet);
    book.set_properties(&properties.set_creation_datetime(&created));
    let sheet = book.add_worksheet();
    sheet
        .set_name(words.sheet)?
        .set_landscape()
        .set_print_fit_to_pages(1, 0);
    sheet.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
    for ((column, title), width) in (0..).zip(words.header).zip(WIDTHS) {
        sheet
            .write_string_with_format(0, column, title, &header)?
            .set_column_width(column, width)?;
    }

    let mut line = 0;
    for row in rows {
        line += 1;
        sheet.write_datetime_with_format(line, 0, row.date, &day)?;
        for (column, text) in row.texts() {
            sheet.write_string(line, column, clean(text))?;
        }
        sheet.write_number(line, MINUTES, row.minutes)?;
    }

    let sum: u64 = rows.iter().map(|row| u64::from(row.minutes)).sum();
    sheet.write_string_with_format(line + 1, 0, words.total, &total)?;
    if line == 0 {
        sheet.write_number_with_format(1, MINUTES, 0, &total)?;
    } else {
        let formula = Formula::new(format!("=SUM(G2:G{})", line + 1)).set_result(sum.to_string());
        sheet.write_formula_with_format(line + 1, MINUTES, formula, &total)?;
        sheet.autofilter(0, 0, line, 7)?;
    }
    Ok(book.save_to_buffer()?)
}

/// A cell of CSV: harmless, and quoted where a comma or a quote asks for it.
fn cell(text: &str) -> String {
    let text = neutral(&clean(text));
    if text.contains([',', '"', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// One line without control characters or what XML forbids.
fn clean(text: &str) -> String {
    let visible = |c: char| {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            ' '
        } else {
            c
        }
    };
    text.chars()
        .take(MAX_CHARS)
        .map(visible)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// An apostrophe before whatever starts a formula: at the start of the text, and after a semicolon, which splits cells
/// where the decimal sign is a comma, as in Indonesia.
fn neutral(text: &str) -> String {
    let mut safe = String::new();
    let mut at_start = true;
    for c in text.chars() {
        if at_start && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            safe.push('\'');
        }
        at_start = c == ';' || (at_start && (c == '"' || c.is_whitespace()));
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
    use chrono::{DateTime, NaiveDate, Utc};

    use super::{HoursRow, csv, neutral, xlsx};
    use karya_core::Lang;

    fn row(mentor: &str, minutes: u32) -> HoursRow {
        HoursRow {
            date: NaiveDate::from_ymd_opt(2026, 3, 28).unwrap(),
            mentor: mentor.to_owned(),
            mentee: "Wati \"Bu\" Sari".to_owned(),
            business: Some("Batik Tulis, Lasem".to_owned()),
            subsector: None,
            mode: "daring".to_owned(),
            minutes,
            status: "selesai".to_owned(),
        }
    }

    fn created() -> DateTime<Utc> {
        DateTime::from_timestamp(1_775_000_000, 0).unwrap()
    }

    #[test]
    fn csv_is_quoted_and_marked() {
        let file = String::from_utf8(csv(&[row("Ni Luh", 90)], Lang::Id)).unwrap();
        assert_eq!(
            file,
            "\u{feff}Tanggal,Mentor,Mentee,Usaha,Subsektor,Moda,Menit,Status\r\n\
             2026-03-28,Ni Luh,\"Wati \"\"Bu\"\" Sari\",\"Batik Tulis, Lasem\",,daring,90,selesai\r\n"
        );
        assert_eq!(
            csv(&[], Lang::En),
            b"\xef\xbb\xbfDate,Mentor,Mentee,Business,Subsector,Mode,Minutes,Status\r\n"
        );
    }

    #[test]
    fn csv_reads_back() {
        let name = "a,b\"c;d'é字\r\n\"\"";
        let file = csv(&[row(name, 1), row("", 2)], Lang::Id);
        let mut reader = csv::Reader::from_reader(&file[3..]);
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(&rows[0][1], "a,b\"c;d'é字  \"\"");
        assert_eq!(&rows[1][6], "2");
    }

    #[test]
    fn formulas_are_neutralised() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("+62 812", "'+62 812"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            (" \"=1", " \"'=1"),
            ("x;=1", "x;'=1"),
            ("x; \"=1", "x; \"'=1"),
            ("Batik - Lasem = 1", "Batik - Lasem = 1"),
        ] {
            assert_eq!(neutral(text), safe, "{text}");
        }
        for start in ["\t=1", "\r=1", "\n=1", "\0=1", "\u{a0}=1"] {
            let file = String::from_utf8(csv(&[row(start, 1)], Lang::Id)).unwrap();
            assert!(file.contains(",'=1,"), "{start:?}: {file}");
        }
    }

    #[test]
    fn xlsx_holds_dates_numbers_and_plain_text() {
        let rows = [
            row("=1+1", 90),
            row("\0\u{1}\u{ffff}Sri _x000D_ <&>", u32::MAX),
        ];
        let file = xlsx(&rows, Lang::Id, created()).unwrap();
        assert_eq!(file, xlsx(&rows, Lang::Id, created()).unwrap());

        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).unwrap();
        assert_eq!(book.sheet_names(), ["Jam pendampingan"]);
        let cells = book.worksheet_range("Jam pendampingan").unwrap();
        assert_eq!(cells.get_size(), (4, 8));
        assert!(
            matches!(cells[(1, 0)], Data::DateTime(day) if (day.as_f64() - 46109.0).abs() < 0.001)
        );
        assert_eq!(cells[(1, 1)], Data::String("=1+1".to_owned()));
        assert_eq!(cells[(2, 1)], Data::String("Sri _x000D_ <&>".to_owned()));
        assert_eq!(cells[(1, 6)], Data::Float(90.0));
        assert_eq!(cells[(3, 0)], Data::String("Jumlah".to_owned()));
        assert_eq!(cells[(3, 6)], Data::Float(4_294_967_385.0));
        let formulas = book.worksheet_formula("Jam pendampingan").unwrap();
        assert_eq!(formulas.used_cells().collect::<Vec<_>>().len(), 1);
    }

    #[test]
    fn an_empty_report_and_endless_texts_are_fine() {
        let file = xlsx(&[], Lang::En, created()).unwrap();
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).unwrap();
        let cells = book.worksheet_range("Mentoring hours").unwrap();
        assert_eq!(cells[(1, 6)], Data::Float(0.0));
        assert!(xlsx(&[row(&"字".repeat(50_000), 1)], Lang::En, created()).is_ok());
    }
}
