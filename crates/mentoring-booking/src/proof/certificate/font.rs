//! The two fonts of a certificate, embedded with no more glyphs than the page uses.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, FaceParsingError, GlyphId};

use super::CertificateError;

const SYSTEM_INFO: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};
const CMAP: Name<'_> = Name(b"Karya-UCS");

/// A font of the page and the glyphs used so far.
pub(super) struct Font {
    name: &'static str,
    serif: bool,
    data: &'static [u8],
    face: Face<'static>,
    used: GlyphRemapper,
    meaning: BTreeMap<u16, char>,
}

/// Noto Sans, for everything that is read.
pub(super) fn sans() -> Result<Font, FaceParsingError> {
    let data = include_bytes!("../../../data/fonts/NotoSans-Regular-subset.ttf");
    Font::load("KARYAA+NotoSans-Regular", false, data)
}

/// Noto Serif Bold, for the title and the name.
pub(super) fn serif() -> Result<Font, FaceParsingError> {
    let data = include_bytes!("../../../data/fonts/NotoSerif-Bold-subset.ttf");
    Font::load("KARYAB+NotoSerif-Bold", true, data)
}

impl Font {
    fn load(
        name: &'static str,
        serif: bool,
        data: &'static [u8],
    ) -> Result<Self, FaceParsingError> {
        Ok(Self {
            name,
            serif,
            data,
            face: Face::parse(data, 0)?,
            used: GlyphRemapper::new(),
            meaning: BTreeMap::new(),
        })
    }

    pub(super) fn covers(&self, c: char) -> bool {
        self.face.glyph_index(c).is_some_and(|glyph| glyph.0 != 0)
    }

    /// The width of a text in points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let glyphs = text.chars().filter_map(|c| self.face.glyph_index(c));
        glyphs.map(|glyph| self.advance(glyph)).sum::<f32>() * size / 1000.0
    }

    /// The text in the codes of the embedded font: two bytes a glyph.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut codes = Vec::new();
        for c in text.chars() {
            if let Some(glyph) = self.face.glyph_index(c) {
                let code = self.used.remap(glyph.0);
                self.meaning.entry(code).or_insert(c);
                codes.extend(code.to_be_bytes());
            }
        }
        codes
    }

    /// In thousandths of the size, as PDF counts.
    fn per_mille(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.face.units_per_em())
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        self.per_mille(f32::from(
            self.face.glyph_hor_advance(glyph).unwrap_or_default(),
        ))
    }

    /// Writes the font as five objects, of which the first is the one to refer to.
    pub(super) fn write(&self, pdf: &mut Pdf, ids: [Ref; 5]) -> Result<(), CertificateError> {
        let [font, cid, descriptor, cmap, file] = ids;
        let name = Name(self.name.as_bytes());
        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);

        let widths = self
            .used
            .remapped_gids()
            .map(|glyph| self.advance(GlyphId(glyph)));
        let mut dict = pdf.cid_font(cid);
        dict.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(SYSTEM_INFO)
            .font_descriptor(descriptor)
            .cid_to_gid_map_predefined(Name(b"Identity"))
            .widths()
            .consecutive(0, widths);
        dict.finish();

        let bounds = self.face.global_bounding_box();
        let [left, bottom, right, top, ascent, descent] = [
            bounds.x_min,
            bounds.y_min,
            bounds.x_max,
            bounds.y_max,
            self.face.ascender(),
            self.face.descender(),
        ]
        .map(|units| self.per_mille(f32::from(units)));
        let cap_height = self
            .face
            .capital_height()
            .unwrap_or_else(|| self.face.ascender());
        let (flags, stem) = if self.serif {
            (FontFlags::SERIF | FontFlags::NON_SYMBOLIC, 140.0)
        } else {
            (FontFlags::NON_SYMBOLIC, 80.0)
        };
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(flags)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(ascent)
            .descent(descent)
            .cap_height(self.per_mille(f32::from(cap_height)))
            .stem_v(stem)
            .font_file2(file);

        let mut unicode = UnicodeCmap::new(CMAP, SYSTEM_INFO);
        for (&code, &c) in &self.meaning {
            unicode.pair(code, c);
        }
        let unicode = compress_to_vec_zlib(&unicode.finish(), 9);
        pdf.cmap(cmap, &unicode)
            .name(CMAP)
            .system_info(SYSTEM_INFO)
            .filter(Filter::FlateDecode);

        let subset = subsetter::subset(self.data, 0, &self.used)?;
        let length = i32::try_from(subset.len()).unwrap_or_default();
        pdf.stream(file, &compress_to_vec_zlib(&subset, 9))
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), length);
        Ok(())
    }
}
