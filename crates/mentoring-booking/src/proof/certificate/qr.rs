//! The QR code (ISO/IEC 18004) of the verification URL.

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

pub(super) struct Matrix {
    pub(super) width: usize,
    /// Row by row, from the top left.
    dark: Vec<bool>,
}

/// Level M survives a fold or a stamp over 15 % of the code.
pub(super) fn matrix(url: &str) -> Result<Matrix, QrError> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M)?;
    Ok(Matrix {
        width: code.width(),
        dark: code
            .to_colors()
            .into_iter()
            .map(|colour| colour == Color::Dark)
            .collect(),
    })
}

impl Matrix {
    /// Runs of dark modules as (row, column, length); one bar each, so that no hairline shows between modules.
    pub(super) fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        for (y, row) in self.dark.chunks(self.width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&true) {
                    runs.push((y, x, run.len()));
                }
                x += run.len();
            }
        }
        runs
    }
}
