//! Pictures without their metadata. Only what a decoder needs is copied, so that what is not known is left out too.

/// Without EXIF, XMP, comments, and whatever follows the end. How the picture is turned is kept.
pub(super) fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..2)?.to_vec();
    let mut at = 2;
    loop {
        // Any number of fill bytes may stand before a marker.
        if *bytes.get(at)? != 0xff {
            return None;
        }
        while *bytes.get(at)? == 0xff {
            at += 1;
        }
        let marker = *bytes.get(at)?;
        at += 1;
        if marker == 0xd9 {
            out.extend([0xff, marker]);
            return Some(out);
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            continue;
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let segment = bytes.get(at..at + length)?;
        let content = segment.get(2..)?;
        at += length;
        let is_needed = match marker {
            0xe0 => content.starts_with(b"JFIF\0"),
            0xe2 => content.starts_with(b"ICC_PROFILE\0"),
            0xee => content.starts_with(b"Adobe"),
            0xe1 | 0xe3..=0xed | 0xef | 0xfe => false,
            _ => true,
        };
        if is_needed {
            out.extend([0xff, marker]);
            out.extend(segment);
        } else if let Some(turn) = content.strip_prefix(b"Exif\0\0").and_then(orientation) {
            out.extend([0xff, 0xe1, 0, 34]);
            out.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
            out.extend([turn, 0, 0, 0, 0, 0, 0]);
        }
        if marker == 0xda {
            let scan = bytes.get(at..)?;
            let ends = |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff));
            let length = scan.windows(2).position(ends)?;
            out.extend(scan.get(..length)?);
            at += length;
        }
    }
}

/// How the picture is turned, of an EXIF block, unless it stands upright.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let little = tiff.starts_with(b"II");
    let short = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let (high, low) = if little { (6, 4) } else { (4, 6) };
    let first = (usize::from(short(high)?) << 16) | usize::from(short(low)?);
    let entries = usize::from(short(first)?);
    let entry = |index: usize| first + 2 + index * 12;
    let at = (0..entries)
        .map(entry)
        .find(|&at| short(at) == Some(0x0112))?;
    let turn = u8::try_from(short(at + 8)?).ok()?;
    (2..=8).contains(&turn).then_some(turn)
}

/// Without text, time, EXIF, and whatever follows the end.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const NEEDED: [&[u8; 4]; 17] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT",
        b"pHYs", b"bKGD", b"hIST", b"cICP", b"acTL", b"fcTL", b"fdAT",
    ];
    let (magic, mut rest) = bytes.split_at_checked(8)?;
    let mut out = magic.to_vec();
    loop {
        let length = u32::from_be_bytes(*rest.first_chunk::<4>()?);
        let kind = rest.get(4..8)?;
        let (chunk, after) =
            rest.split_at_checked(usize::try_from(length).ok()?.checked_add(12)?)?;
        if NEEDED.iter().any(|needed| needed.as_slice() == kind) {
            out.extend(chunk);
        }
        if kind == b"IEND" {
            return Some(out);
        }
        rest = after;
    }
}

/// Without EXIF, XMP, and chunks that nobody knows.
pub(super) fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const NEEDED: [&[u8; 4]; 7] = [
        b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
    ];
    const EXIF_AND_XMP: u8 = 0b0000_1100;
    let size = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let end = usize::try_from(size).ok()?.checked_add(8)?;
    let mut rest = bytes.get(12..end)?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    while !rest.is_empty() {
        let kind = rest.get(..4)?;
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?.checked_add(8)?;
        let padded = length + length % 2;
        let chunk = rest.get(..padded)?;
        if NEEDED.iter().any(|needed| needed.as_slice() == kind) {
            let flags_at = out.len() + 8;
            out.extend(chunk);
            if kind == b"VP8X"
                && let Some(flags) = out.get_mut(flags_at)
            {
                *flags &= !EXIF_AND_XMP;
            }
        }
        rest = rest.get(padded..)?;
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    (out.len() > 12).then_some(out)
}
