//! Businesses as Indonesia has them: most of them cook, sew or craft, and most are on Java. The same ones every time.

use std::fmt::Write;
use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::Client;

use crate::server::ACCOUNTS;

/// SplitMix64: the same numbers on every machine and with every version of everything.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// From -1 to 1, mostly in the middle.
    fn bell(&mut self) -> f64 {
        let sum: f64 = (0..4)
            .map(|_| (self.roll() >> 11) as f64 / (1_u64 << 53) as f64)
            .sum();
        (sum - 2.0) / 2.0
    }

    /// One of `weights`, as often as its weight says.
    fn weighed(&mut self, total: u64, weights: impl Iterator<Item = u64>) -> usize {
        let mut left = self.roll() % total;
        for (at, weight) in weights.enumerate() {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return at,
            }
        }
        0
    }
}

/// Kemendagri code; inhabitants in thousands, about (census of 2020, the provinces of Papua as divided in 2022);
/// latitude, longitude of the middle.
const PROVINCES: [(&str, u64, f64, f64); 38] = [
    ("11", 5275, 4.7, 96.7),
    ("12", 14_799, 2.5, 99.2),
    ("13", 5535, -0.7, 100.6),
    ("14", 6394, 0.5, 101.6),
    ("15", 3548, -1.6, 102.8),
    ("16", 8467, -3.2, 104.2),
    ("17", 2011, -3.6, 102.4),
    ("18", 9008, -4.9, 105.0),
    ("19", 1456, -2.5, 106.4),
    ("21", 2065, 1.0, 104.3),
    ("31", 10_562, -6.2, 106.83),
    ("32", 48_274, -6.9, 107.5),
    ("33", 36_516, -7.1, 110.2),
    ("34", 3669, -7.85, 110.4),
    ("35", 40_666, -7.7, 112.6),
    ("36", 11_905, -6.4, 106.2),
    ("51", 4317, -8.45, 115.1),
    ("52", 5320, -8.6, 117.0),
    ("53", 5326, -9.3, 122.5),
    ("61", 5414, 0.0, 110.5),
    ("62", 2670, -1.7, 113.4),
    ("63", 4074, -3.1, 115.3),
    ("64", 3766, 0.3, 116.5),
    ("65", 702, 3.1, 116.5),
    ("71", 2622, 1.2, 124.6),
    ("72", 2986, -1.0, 121.0),
    ("73", 9074, -4.2, 119.9),
    ("74", 2625, -4.0, 122.3),
    ("75", 1172, 0.65, 122.5),
    ("76", 1419, -2.6, 119.2),
    ("81", 1849, -4.0, 128.8),
    ("82", 1283, 0.9, 127.7),
    ("91", 1035, -2.7, 139.8),
    ("92", 555, -1.5, 133.6),
    ("93", 513, -7.3, 139.5),
    ("94", 1431, -3.7, 136.3),
    ("95", 1448, -4.1, 139.0),
    ("96", 604, -0.9, 131.5),
];

struct Subsector {
    code: &'static str,
    /// Businesses in ten thousand, about (Bekraf and BPS, 2016).
    share: u64,
    goods: &'static [&'static str],
}

const SUBSECTORS: [Subsector; 17] = [
    Subsector {
        code: "kuliner",
        share: 6766,
        goods: &[
            "Warung Nasi",
            "Kopi",
            "Keripik Tempe",
            "Sambal",
            "Katering",
            "Roti",
            "Bakso",
            "Kue Basah",
            "Rendang",
            "Jamu",
            "Soto",
            "Es Dawet",
        ],
    },
    Subsector {
        code: "fesyen",
        share: 1501,
        goods: &[
            "Batik Tulis",
            "Batik Cap",
            "Konveksi",
            "Tenun Ikat",
            "Kebaya",
            "Hijab",
            "Sepatu Kulit",
            "Songket",
            "Jaket",
            "Bordir",
        ],
    },
    Subsector {
        code: "kriya",
        share: 1456,
        goods: &[
            "Anyaman Bambu",
            "Ukir Kayu",
            "Gerabah",
            "Perak",
            "Rotan",
            "Batik Kayu",
            "Keramik",
            "Wayang Kulit",
            "Lampu Hias",
            "Tas Anyam",
        ],
    },
    Subsector {
        code: "penerbitan",
        share: 60,
        goods: &["Penerbit", "Percetakan", "Majalah", "Komik"],
    },
    Subsector {
        code: "fotografi",
        share: 55,
        goods: &["Studio Foto", "Foto Pernikahan", "Foto Produk"],
    },
    Subsector {
        code: "musik",
        share: 45,
        goods: &["Studio Musik", "Sanggar Gamelan", "Angklung", "Rekaman"],
    },
    Subsector {
        code: "arsitektur",
        share: 25,
        goods: &["Biro Arsitek", "Rumah Joglo"],
    },
    Subsector {
        code: "aplikasi",
        share: 20,
        goods: &["Aplikasi", "Perangkat Lunak", "Solusi Digital"],
    },
    Subsector {
        code: "periklanan",
        share: 15,
        goods: &["Papan Reklame", "Agensi Iklan"],
    },
    Subsector {
        code: "desain_interior",
        share: 12,
        goods: &["Interior", "Mebel"],
    },
    Subsector {
        code: "seni_pertunjukan",
        share: 12,
        goods: &["Sanggar Tari", "Teater"],
    },
    Subsector {
        code: "televisi_radio",
        share: 8,
        goods: &["Radio", "Rumah Produksi"],
    },
    Subsector {
        code: "film_animasi_video",
        share: 8,
        goods: &["Film", "Animasi"],
    },
    Subsector {
        code: "seni_rupa",
        share: 7,
        goods: &["Galeri", "Lukisan"],
    },
    Subsector {
        code: "desain_komunikasi_visual",
        share: 5,
        goods: &["Desain Grafis"],
    },
    Subsector {
        code: "desain_produk",
        share: 3,
        goods: &["Desain Produk"],
    },
    Subsector {
        code: "pengembang_permainan",
        share: 2,
        goods: &["Studio Gim"],
    },
];

const OWNERS: [&str; 40] = [
    "Sari",
    "Budi",
    "Wati",
    "Slamet",
    "Dewi",
    "Agus",
    "Ningsih",
    "Joko",
    "Lestari",
    "Hasan",
    "Rahayu",
    "Yanto",
    "Fitri",
    "Bambang",
    "Ayu",
    "Made",
    "Ketut",
    "Putu",
    "Siti",
    "Rizky",
    "Ujang",
    "Asep",
    "Euis",
    "Dadang",
    "Daeng",
    "Andi",
    "Besse",
    "Situmorang",
    "Siregar",
    "Uda Rustam",
    "Uni Yet",
    "Cut Nyak",
    "Teuku",
    "Mama Yosefa",
    "Yohanis",
    "Ibu Tini",
    "Pak Karto",
    "Bu Haji Aminah",
    "Mbak Rini",
    "Mas Toni",
];

const ADJECTIVES: [&str; 24] = [
    "Jaya",
    "Makmur",
    "Sejahtera",
    "Berkah",
    "Lestari",
    "Abadi",
    "Mandiri",
    "Barokah",
    "Sumber Rejeki",
    "Karya",
    "Nusantara",
    "Asli",
    "Harapan",
    "Indah",
    "Mekar",
    "Sentosa",
    "Cahaya",
    "Pelangi",
    "Rahayu",
    "Utama",
    "Kencana",
    "Pusaka",
    "Melati",
    "Tiga Putri",
];

const QUALITIES: [&str; 10] = [
    "buatan tangan",
    "pewarna alam",
    "resep keluarga",
    "halal dan bersih",
    "bahan lokal",
    "melayani pesanan",
    "pengiriman ke seluruh Indonesia",
    "sejak turun-temurun",
    "ramah lingkungan",
    "motif khas daerah",
];

const STREETS: [&str; 10] = [
    "Jl. Diponegoro",
    "Jl. Ahmad Yani",
    "Jl. Pasar Baru",
    "Jl. Melati",
    "Jl. Sudirman",
    "Gang Mawar",
    "Jl. Kartini",
    "Jl. Raya Desa",
    "Jl. Pahlawan",
    "Jl. Gajah Mada",
];

/// The first business is registered at the start of 2024, the last at the end of 2025.
const FIRST: u64 = 1_704_067_200_000;
const SPAN: u64 = 730 * 86_400_000;

/// The id of the n-th of `count` businesses: a UUIDv7 of its time.
fn id(number: usize, count: usize, dice: &mut Dice) -> uuid::Uuid {
    let at = FIRST + SPAN / count as u64 * number as u64;
    let random = dice.roll();
    uuid::Builder::from_unix_timestamp_millis(at, &{
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&random.to_be_bytes());
        bytes[8..].copy_from_slice(&(number as u32).to_be_bytes()[2..]);
        bytes
    })
    .into_uuid()
}

/// Villages by province, with how many businesses each has for one of a desa: kelurahan are towns.
struct Villages {
    of: Vec<Vec<(String, u64)>>,
    total: Vec<u64>,
}

impl Villages {
    async fn load(sql: &Client) -> Self {
        let (mut of, mut total) = (Vec::new(), Vec::new());
        for (province, ..) in PROVINCES {
            let statement = "SELECT code FROM regions WHERE code LIKE $1 || '.%' AND length(code) = 13 ORDER BY code";
            let rows = sql
                .query(statement, &[&province])
                .await
                .expect("the regions are loaded");
            let villages = rows.iter().map(|row| {
                let code: String = row.get(0);
                let weight = if code.as_bytes()[9] == b'1' { 6 } else { 1 };
                (code, weight)
            });
            let villages: Vec<(String, u64)> = villages.collect();
            total.push(villages.iter().map(|(_, weight)| weight).sum());
            of.push(villages);
        }
        Self { of, total }
    }
}

/// Where a regency is, about: a place of its own around the middle of its province.
fn place(village: &str, middle: (f64, f64), dice: &mut Dice) -> (f64, f64) {
    let spread = if village.starts_with("31") { 0.1 } else { 0.8 };
    let regency = village[..5]
        .bytes()
        .fold(7, |hash, byte| hash * 31 + u64::from(byte));
    let mut of_regency = Dice::new(regency);
    let near = 0.12;
    (
        middle.0 + of_regency.bell() * spread + dice.bell() * near,
        middle.1 + of_regency.bell() * spread * 1.5 + dice.bell() * near,
    )
}

/// How many of the owners can sign in.
pub const ACTORS: usize = 100;

/// Fills an empty database with `count` businesses and two owners for three of them.
pub async fn fill(sql: &Client, count: usize) {
    let run = async |statement: &str| {
        sql.batch_execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    };
    run("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off").await;
    let owners = (count * 2).div_ceil(3);
    let people = async |from: usize, to: usize| {
        run(&format!(
            "INSERT INTO users (id, display_name, is_demo, created_at, updated_at) \
             SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Pemilik ' || n, true, '2024-01-01', '2024-01-01' \
             FROM generate_series({from}, {to}) n"
        ))
        .await;
    };
    // Those who act have accounts.
    people(1, ACTORS).await;
    run(ACCOUNTS).await;
    people(ACTORS + 1, owners).await;
    // What triggers do for one is done for all at once; and an index is built faster than it grows.
    let indexes = sql
        .query(
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = 'businesses' AND indexname <> 'businesses_pkey'",
            &[],
        )
        .await
        .expect("indexes");
    run("ALTER TABLE businesses DISABLE TRIGGER USER; ALTER TABLE business_members DISABLE TRIGGER USER").await;
    for index in &indexes {
        run(&format!("DROP INDEX {}", index.get::<_, &str>(0))).await;
    }
    let copied = rows(sql, count).await;
    assert_eq!(copied, count as u64);
    for index in &indexes {
        run(index.get(1)).await;
    }
    run("INSERT INTO business_slugs SELECT slug, id FROM businesses").await;
    let owner = format!(
        "('00000000-0000-7000-8000-' || lpad(to_hex(1 + (row_number() OVER (ORDER BY id) - 1) % {owners}), 12, '0'))::uuid"
    );
    run(&format!(
        "INSERT INTO business_registrations (business_id, registered_by, declared_turnover) \
         SELECT id, {owner}, 1000000 * (10 + abs(hashtext(slug)) % 900) FROM businesses; \
         INSERT INTO business_members SELECT business_id, registered_by, 'owner', '2024-01-01' FROM business_registrations; \
         INSERT INTO sync_changes SELECT '00000000-0000-0000-0000-000000000000', 'businesses', id, pg_current_xact_id()::text::bigint, false, created_at \
             FROM businesses WHERE state = 'active'; \
         INSERT INTO sync_changes SELECT user_id, 'businesses', business_id, pg_current_xact_id()::text::bigint, false, created_at FROM business_members"
    ))
    .await;
    run("ALTER TABLE businesses ENABLE TRIGGER USER; ALTER TABLE business_members ENABLE TRIGGER USER").await;
    run("VACUUM ANALYZE").await;
    run("CHECKPOINT").await;
}

async fn rows(sql: &Client, count: usize) -> u64 {
    let villages = Villages::load(sql).await;
    let inhabitants: u64 = PROVINCES.iter().map(|province| province.1).sum();
    let shares: u64 = SUBSECTORS.iter().map(|subsector| subsector.share).sum();
    let sink = sql
        .copy_in(
            "COPY businesses (id, slug, name, legal_form, description_id, main_subsector, further_subsectors, kbli, \
             size_class, founded_year, phone, region_code, postal_code, street, latitude, longitude, opening_hours, \
             state, created_at, updated_at) FROM STDIN",
        )
        .await
        .expect("the columns are there");
    let mut sink = pin!(sink);
    let mut dice = Dice::new(33_75);
    let mut lines = String::new();
    for number in 0..count {
        let id = id(number, count, &mut dice);
        let subsector = &SUBSECTORS[dice.weighed(shares, SUBSECTORS.iter().map(|one| one.share))];
        let goods = dice.pick(subsector.goods);
        let (owner, adjective) = (dice.pick(&OWNERS), dice.pick(&ADJECTIVES));
        let name = match dice.below(3) {
            0 => format!("{goods} {owner}"),
            1 => format!("{goods} {adjective}"),
            _ => format!("{goods} {adjective} {owner}"),
        };
        let slug = format!("{}-{number}", name.to_lowercase().replace(' ', "-"));
        let province = dice.weighed(inhabitants, PROVINCES.iter().map(|province| province.1));
        let (_, _, latitude, longitude) = PROVINCES[province];
        let of = &villages.of[province];
        let village =
            &of[dice.weighed(villages.total[province], of.iter().map(|village| village.1))].0;
        let (latitude, longitude) = place(village, (latitude, longitude), &mut dice);
        let further = if dice.below(5) == 0 && subsector.code != "kriya" {
            "{kriya}"
        } else {
            "{}"
        };
        let size = [
            "mikro", "mikro", "mikro", "mikro", "mikro", "mikro", "mikro", "mikro", "kecil",
            "menengah",
        ];
        let state = if dice.below(50) == 0 {
            "paused"
        } else {
            "active"
        };
        let at = FIRST + SPAN / count as u64 * number as u64;
        let at = chrono::DateTime::from_timestamp_millis(at as i64)
            .expect("a time")
            .to_rfc3339();
        writeln!(
            lines,
            "{id}\t{slug}\t{name}\tperorangan\t{goods}, {} dan {}.\t{}\t{further}\t{{2020:13134}}\t{}\t{}\t+628{:010}\t{village}\t\
             {}\t{} No. {}\t{latitude:.6}\t{longitude:.6}\t[{{\"day\": \"monday\", \"opens\": \"08:00\", \"closes\": \"16:00\"}}]\t{state}\t{at}\t{at}",
            dice.pick(&QUALITIES),
            dice.pick(&QUALITIES),
            subsector.code,
            dice.pick(&size),
            1980 + dice.below(45),
            dice.below(10_000_000_000),
            10_000 + dice.below(89_999),
            dice.pick(&STREETS),
            1 + dice.below(200),
        )
        .expect("memory");
        if lines.len() > 256 * 1024 {
            sink.send(Bytes::from(std::mem::take(&mut lines)))
                .await
                .expect("rows that fit");
        }
    }
    sink.send(Bytes::from(lines)).await.expect("rows that fit");
    sink.finish().await.expect("rows that fit")
}
