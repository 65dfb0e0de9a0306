use super::{clean, file_name, sniff};
use crate::model::DocumentKind;

fn zip(names: &[&str]) -> Vec<u8> {
    let entry = |name: &&str| [b"PK\x03\x04".as_slice(), &[0; 26], name.as_bytes()].concat();
    names.iter().flat_map(entry).collect()
}

#[test]
fn bytes_say_what_a_file_is() {
    let docx = zip(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
    let macros = zip(&[
        "[Content_Types].xml",
        "word/document.xml",
        "word/vbaProject.bin",
    ]);
    for (bytes, kind) in [
        (b"%PDF-1.7 <html>".to_vec(), Some(DocumentKind::Pdf)),
        (docx, Some(DocumentKind::Docx)),
        (
            zip(&["[Content_Types].xml", "xl/workbook.xml"]),
            Some(DocumentKind::Xlsx),
        ),
        (macros, None),
        (zip(&["a.txt"]), None),
        ("Harga: 30 ribu\r\n".into(), Some(DocumentKind::Text)),
        ("\u{feff} <!DOCTYPE html>".into(), None),
        (b"<html>%PDF-1.7".to_vec(), None),
        (b"#!/bin/sh".to_vec(), None),
        (b"a\0b".to_vec(), None),
        (b"GIF89a\xff".to_vec(), None),
        (b"MZ\x90\0".to_vec(), None),
    ] {
        assert_eq!(sniff(&bytes), kind, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn names_do_not_mislead() {
    let long = "é".repeat(300);
    for (raw, name) in [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\sari\\Rencana Usaha.PDF", "Rencana Usaha.PDF"),
        ("a\r\nSet-Cookie: x\".pdf", "aSet-Cookie x.pdf"),
        ("gambar\u{202e}fdp.exe", "gambarfdp.exe.pdf"),
        ("..", "dokumen.pdf"),
        ("", "dokumen.pdf"),
        (".pdf", "pdf.pdf"),
    ] {
        assert_eq!(file_name(raw, DocumentKind::Pdf), name, "{raw:?}");
    }
    assert_eq!(file_name(&long, DocumentKind::Docx).chars().count(), 120);
}

#[test]
fn broken_pictures_do_not_panic() {
    let whole = [
        b"\xff\xd8\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".as_slice(),
        b"\xff\xda\0\x02ab\xff\0c\xff\xd9GPS",
    ]
    .concat();
    let kept = clean(DocumentKind::Jpeg, &whole).unwrap();
    assert_eq!(kept, &whole[..whole.len() - 3]);
    for length in 0..whole.len() - 3 {
        assert_eq!(clean(DocumentKind::Jpeg, &whole[..length]), None);
    }
    let webp = b"RIFF\x1a\0\0\0WEBPVP8X\x02\0\0\0\x0c\0EXIF\x03\0\0\0GPS\0".to_vec();
    let kept = clean(DocumentKind::Webp, &webp).unwrap();
    assert_eq!(*kept, *b"RIFF\x0e\0\0\0WEBPVP8X\x02\0\0\0\0\0");
    for length in 0..webp.len() {
        assert_eq!(clean(DocumentKind::Webp, &webp[..length]), None);
        clean(DocumentKind::Png, &webp[..length]);
    }
}
