//! Demo businesses, the same on every machine: in all three time zones and many subsectors.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{MasterKey, UserId};

use crate::BusinessError;
use crate::http::create::CreateBusiness;
use crate::ops;
use crate::queries::{self, Key};

struct Demo {
    slug: &'static str,
    name: &'static str,
    subsector: &'static str,
    about: (&'static str, &'static str),
    kbli: (&'static str, &'static str),
    region: &'static str,
    postal_code: &'static str,
    street: &'static str,
    at: (f64, f64),
    turnover: i64,
    founded: i32,
}

#[rustfmt::skip]
const DEMOS: [Demo; 12] = [
    Demo { slug: "batik-pesisir-sapuro", name: "Batik Pesisir Sapuro", subsector: "kriya", about: ("Batik tulis dan cap pewarna alam khas pesisir.", "Hand-drawn and stamped batik in natural dyes."), kbli: ("13134", "2020"), region: "33.75.01.1004", postal_code: "51112", street: "Jl. Sapuro No. 12", at: (-6.8931, 109.6702), turnover: 450_000_000, founded: 1998 },
    Demo { slug: "perak-kotagede-lestari", name: "Perak Kotagede Lestari", subsector: "kriya", about: ("Kerajinan perak filigri buatan tangan.", "Handmade filigree silver."), kbli: ("47735", "2025"), region: "34.71.01.1001", postal_code: "55242", street: "Jl. Magelang No. 45", at: (-7.7747, 110.3599), turnover: 900_000_000, founded: 1987 },
    Demo { slug: "studio-piksel-bandung", name: "Studio Piksel Bandung", subsector: "pengembang_permainan", about: ("Permainan gawai bertema cerita rakyat.", "Mobile games from folk tales."), kbli: ("62110", "2025"), region: "32.73.01.1001", postal_code: "40152", street: "Jl. Sukarasa No. 8", at: (-6.8702, 107.5862), turnover: 2_400_000_000, founded: 2016 },
    Demo { slug: "kopi-tirto-menteng", name: "Kopi Tirto", subsector: "kuliner", about: ("Kopi sangrai dari petani Gayo dan Toraja.", "Coffee roasted from Gayo and Toraja farms."), kbli: ("10761", "2020"), region: "31.71.01.1001", postal_code: "10110", street: "Jl. Gambir No. 3", at: (-6.1763, 106.8217), turnover: 1_750_000_000, founded: 2011 },
    Demo { slug: "surabaya-frame-works", name: "Surabaya Frame Works", subsector: "film_animasi_video", about: ("Animasi dan video untuk UKM.", "Animation and video for small businesses."), kbli: ("59112", "2025"), region: "35.78.01.1001", postal_code: "60221", street: "Jl. Karang Pilang No. 77", at: (-7.3406, 112.6920), turnover: 3_100_000_000, founded: 2014 },
    Demo { slug: "songket-minang-belakang-pondok", name: "Songket Minang Belakang Pondok", subsector: "fesyen", about: ("Songket tenun tangan benang emas.", "Hand-woven songket with gold thread."), kbli: ("74113", "2025"), region: "13.71.01.1001", postal_code: "25211", street: "Jl. Belakang Pondok No. 5", at: (-0.9588, 100.3609), turnover: 380_000_000, founded: 2003 },
    Demo { slug: "serangan-jewelry-bali", name: "Serangan Jewelry Bali", subsector: "desain_produk", about: ("Perhiasan dari kerang dan perak daur ulang.", "Jewellery of shell and recycled silver."), kbli: ("74119", "2025"), region: "51.71.01.1001", postal_code: "80229", street: "Jl. Tukad Punggawa No. 21", at: (-8.7270, 115.2330), turnover: 1_200_000_000, founded: 2009 },
    Demo { slug: "batubulan-stone-carving", name: "Ukiran Batu Batubulan", subsector: "seni_rupa", about: ("Patung dan ukiran batu paras.", "Sculpture and carving in paras stone."), kbli: ("90120", "2025"), region: "51.04.01.2001", postal_code: "80582", street: "Jl. Raya Batubulan No. 9", at: (-8.6233, 115.2609), turnover: 640_000_000, founded: 1979 },
    Demo { slug: "losari-sound-lab", name: "Losari Sound Lab", subsector: "musik", about: ("Rekaman dan produksi musik Bugis-Makassar.", "Recording and production of Bugis-Makassar music."), kbli: ("59201", "2025"), region: "73.71.01.1001", postal_code: "90125", street: "Jl. Bontorannu No. 14", at: (-5.1608, 119.4053), turnover: 520_000_000, founded: 2018 },
    Demo { slug: "tenun-ikat-namosain", name: "Tenun Ikat Namosain", subsector: "kriya", about: ("Tenun ikat Timor dengan pewarna akar mengkudu.", "Timorese ikat dyed with morinda root."), kbli: ("13134", "2020"), region: "53.71.01.1001", postal_code: "85231", street: "Jl. Namosain No. 30", at: (-10.1685, 123.5602), turnover: 260_000_000, founded: 1994 },
    Demo { slug: "kerang-mutiara-nusaniwe", name: "Kerang Mutiara Nusaniwe", subsector: "kriya", about: ("Hiasan kerang mutiara Ambon.", "Mother-of-pearl work from Ambon."), kbli: ("47781", "2025"), region: "81.71.01.1006", postal_code: "97117", street: "Jl. Nusaniwe No. 2", at: (-3.7120, 128.1610), turnover: 210_000_000, founded: 2001 },
    Demo { slug: "noken-papua-gurabesi", name: "Noken Papua Gurabesi", subsector: "kriya", about: ("Noken rajut serat kulit kayu, warisan dunia.", "Noken bags knotted from bark fibre, world heritage."), kbli: ("47781", "2025"), region: "91.71.01.1001", postal_code: "99111", street: "Jl. Gurabesi No. 11", at: (-2.5390, 140.7090), turnover: 150_000_000, founded: 2012 },
];

/// Makes the demo businesses for `owner`; those that are there stay. Returns how many there are.
pub async fn seed_demo(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    owner: UserId,
) -> Result<usize, BusinessError> {
    for demo in &DEMOS {
        if queries::find(conn, Key::Slug(demo.slug), None)
            .await?
            .is_some()
        {
            continue;
        }
        let request: CreateBusiness = serde_json::from_value(demo.request())
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        let (profile, registration) = request.parse(now)?;
        match ops::create(conn, now, master_key, owner, profile, registration).await {
            // A demo business that somebody deleted stays deleted.
            Ok(_) | Err(BusinessError::SlugTaken) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(DEMOS.len())
}

impl Demo {
    fn request(&self) -> serde_json::Value {
        serde_json::json!({
            "slug": self.slug,
            "name": self.name,
            "legal_form": "perorangan",
            "description_id": self.about.0,
            "description_en": self.about.1,
            "kbli": [{ "code": self.kbli.0, "vintage": self.kbli.1 }],
            "main_subsector": self.subsector,
            "declared_turnover": { "amount": self.turnover, "currency": "IDR" },
            "founded_year": self.founded,
            "address": { "region_code": self.region, "postal_code": self.postal_code, "street": self.street },
            "location": { "latitude": self.at.0, "longitude": self.at.1 },
            "location_is_exact": true,
            "opening_hours": [
                { "day": "monday", "opens": "08:00", "closes": "16:00" },
                { "day": "friday", "opens": "08:00", "closes": "11:30" },
                { "day": "saturday", "opens": "09:00", "closes": "15:00" },
            ],
        })
    }
}
